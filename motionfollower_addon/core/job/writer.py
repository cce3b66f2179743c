"""Makes a job folder from what was sampled, in a thread, so that Blender's window stays free."""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.store.folder import FOLDER
from mf_backend.clip.hashing import hash_clip
from mf_backend.contracts.errors import CancelledError, MFError
from mf_backend.contracts.files import output_error, write_bytes, write_npz
from mf_backend.contracts.request import JobRequest, Output, Reference, Settings, Target
from mf_backend.jobs.disk.folder import create_job
from mf_backend.skeleton.draw import draw_skeleton

from ..rig.outline.worker import Outlines
from .numbered import MADE_FROM, whole_folder
from .order import A_TAKE, Goal, Order
from .pack import pack
from .png import encode_png

_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_JOINTS = "inputs/target_joints.npz"
_POSES = "inputs/target_poses"
_MASKS = "inputs/character_masks"


@dataclass(frozen=True)
class JobDraft:
    """Everything a job folder is made from. `joints` is float32 [frames, 60, 2] in pixels."""

    root: Path
    """Folder that the job folder is made in."""
    name: str
    """What the folder is called, before its number."""
    reference: Reference
    settings: Settings
    joints: NDArray[np.float32]
    size: tuple[int, int]
    """(width, height) of the clip in pixels."""
    positions: NDArray[np.float32] | None = None
    """[frames, 60, 3] the joints in metres from the camera: x right, y down, z away from it."""
    outlines: Outlines | None = None
    """Masks of the scene's own character, which the joints belong to; None without any."""
    output: Output = field(default_factory=Output)
    analysed: tuple[Path, ...] = ()
    """Folders of actors where the clip's may be, besides the one in `root`."""
    about: dict[str, Any] = field(default_factory=dict)


def safe_name(text: str) -> str:
    """`text` as part of a folder's name that every file system takes; never empty."""
    # Blender's names may hold anything; 60 letters leave room within the limits of paths.
    return _UNSAFE.sub("-", text).strip(" .-")[:60].strip(" .") or "job"


def claim_folder(root: Path, name: str) -> Path:
    """Make and return a folder that nobody had: NAME-001, NAME-002 and so on.

    Raises OutputError where `root` cannot be written to.
    """
    stem = safe_name(name)
    try:
        root.mkdir(parents=True, exist_ok=True)
        for number in range(1, 100_000):
            folder = root / f"{stem}-{number:03d}"
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise output_error(root / stem, error) from error
    raise MFError("job-names", f"There are too many folders named {stem} in {root}.")


class JobWriter:
    """One job folder being written: start it, look at `finished`, `take` the result."""

    def __init__(self, draft: JobDraft, order: Order = A_TAKE) -> None:
        self.draft = draft
        self._order = order
        self.written = 0
        """Skeleton pictures written so far."""
        self._result: tuple[JobRequest | None, Path] | None = None
        self._error: MFError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="motionfollower-writer", daemon=True)

    @property
    def finished(self) -> bool:
        """Whether `take` has something to give."""
        return self._result is not None or self._error is not None

    def start(self) -> None:
        """Begin in a thread of its own, which never touches bpy."""
        self._thread.start()

    def stop(self) -> None:
        """Give up; what was written stays in its folder, without a job.json."""
        self._stop.set()

    def take(self) -> tuple[JobRequest | None, Path]:
        """The request (None where only skeletons were wanted) and its folder.

        Raises what went wrong.
        """
        if self._error is not None:
            raise self._error
        assert self._result is not None
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._write()
        except MFError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001 - a thread's exception would be lost otherwise
            self._error = MFError("job-writing", f"The job could not be written: {error}.")

    def _write(self) -> tuple[JobRequest | None, Path]:
        numbered = self._order.folder
        if numbered is None:
            folder = claim_folder(self.draft.root, self.draft.name)
            return self._fill(folder), folder
        with whole_folder(numbered) as folder:
            request = self._fill(folder)
        return request, numbered

    def _actors(self) -> Path:
        """The folder of actors that the jobs beside this one share."""
        numbered = self._order.folder
        return (self.draft.root if numbered is None else numbered.parent).absolute() / FOLDER

    def _fill(self, folder: Path) -> JobRequest | None:
        """Everything that belongs into the new folder; None where only skeletons were wanted."""
        draft, order = self.draft, self._order
        placed = {} if draft.positions is None else {"positions": draft.positions}
        write_npz(
            folder / _JOINTS,
            target=draft.joints.astype(np.float32),
            size=np.array(draft.size, np.int64),
            **placed,
        )
        for index, joints in enumerate(draft.joints):
            if self._stop.is_set():
                raise CancelledError()
            picture = encode_png(draw_skeleton(joints, draft.size))
            write_bytes(folder / _POSES / f"frame_{index}.png", picture)
            if draft.outlines is not None:
                mask = encode_png(draft.outlines.mask(index, draft.size))
                write_bytes(folder / _MASKS / f"frame_{index}.png", mask)
            self.written = index + 1
        if order.goal is Goal.SKELETONS:
            return None
        reference, about = draft.reference, draft.about
        if order.goal is Goal.JOB:
            # It will be worked on elsewhere, and later: the clip must be the same then.
            reference = replace(reference, sha256=hash_clip(Path(reference.path)))
            about = {**about, MADE_FROM: order.made_from}
        request = JobRequest(
            id=uuid.uuid4().hex[:12],
            reference=reference,
            target=Target(
                joints=_JOINTS,
                poses=_POSES,
                character_masks=_MASKS if draft.outlines is not None else "",
            ),
            settings=draft.settings,
            output=draft.output,
            about=about,
            actors=str(self._actors()),
        )
        if order.pack:
            packed = pack(folder, request, self.draft.analysed)
            # A job that is carried elsewhere alone finds no other folder of actors there.
            actors = request.actors if request.actors in packed else ""
            request = replace(request, packed=packed, actors=actors)
        # job.json comes last: a folder without it was never a job.
        create_job(folder, request)
        return request
