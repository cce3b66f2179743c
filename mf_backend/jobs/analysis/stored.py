"""A job's share of a stored actor: copied into its conditions, so that it stands alone."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mf_backend.actor.mends.correction_file import read_corrections
from mf_backend.actor.mends.joint_corrections import (
    JointCorrection,
    apply_corrections,
    reaching,
)
from mf_backend.actor.store.about import Part
from mf_backend.actor.store.reading import load_joints
from mf_backend.clip import Clip
from mf_backend.clip.writer import png_bytes
from mf_backend.conditioning import joints_stage, masks_stage
from mf_backend.conditioning.base import ConditionContext
from mf_backend.conditioning.stage_files import SOURCE_JOINTS
from mf_backend.contracts.conditions import JointState
from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.errors import InputError, MFError, OutputError
from mf_backend.contracts.files import hash_value, write_bytes, write_json, write_npz
from mf_backend.contracts.findings import Findings
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.analysis.analyse import ensure
from mf_backend.jobs.analysis.findings import OptionalFindings
from mf_backend.jobs.analysis.holding import hold_actor, make_writable
from mf_backend.jobs.analysis.layers.mended_masks import KINDS, MendedMasks
from mf_backend.jobs.analysis.share import cut_figures, cut_frames
from mf_backend.jobs.analysis.wish import Wish
from mf_backend.skeleton.draw import draw_skeleton

ACTOR = "actor"
"""The fact that says which actor a job used."""
_MENDS = {joints_stage.NAME: "mends", masks_stage.NAME: "mask_mends"}
"""By stage, the part of that fact that says what people mended."""
_TRIES = 3
"""How often something may change between being found whole and being copied."""


class Facts(Protocol):
    """What a job's runs noted of it."""

    def known(self, name: str) -> Any:
        """A fact that was noted; None where none was."""

    def fact(self, name: str, value: object) -> None:
        """Note one."""


class StoredActor:
    """The actor of one job, analysed where it is not yet. See conditioning's AnalysedActor."""

    def __init__(self, root: Path, wish: Wish, facts: Facts) -> None:
        self.folder = wish.folder(root)
        self._wish, self._facts = wish, facts

    def findings(self) -> Findings:
        """What other takes left of the same frames, and where this one leaves more."""
        return OptionalFindings(self.folder, self._wish.first)

    def digest(self, stage: str) -> str:
        """See AnalysedActor. Where the store is not here, as it was when the job was done."""
        if stage not in _MENDS:
            return ""
        if not self.folder.path.is_dir():
            former = self._facts.known(ACTOR)
            return str(former.get(_MENDS[stage], "")) if isinstance(former, dict) else ""
        if stage == masks_stage.NAME:
            return self._mended_masks().digest()
        moved = [
            [one.frame, one.blend, [[joint, *place] for joint, place in sorted(one.joints.items())]]
            for one in self._corrections()
        ]
        return hash_value(moved) if moved else ""

    def _mended_masks(self) -> MendedMasks:
        """What a person drew over the masks of the wished frames."""
        return MendedMasks(self.folder.mends, range(self._wish.first, self._wish.last + 1))

    def _corrections(self) -> tuple[JointCorrection, ...]:
        """What a person corrected of the joints on the wished frames, and near them."""
        wished = range(self._wish.first, self._wish.last + 1)
        return reaching(read_corrections(self.folder.mends), wished)

    def fill(self, context: ConditionContext, stage: str, reporter: Reporter) -> bool:
        """See AnalysedActor."""
        try:
            make_writable(self.folder)
        except OutputError as error:
            reporter.warn(
                "actor-not-kept",
                f"The analysis of the actor cannot be kept for other takes: {error.message}",
            )
            return False
        with hold_actor(self.folder, reporter):
            part = self._copied(context, stage, reporter)
        files = {name: mark.plain() for name, mark in part.files.items()}
        used = {
            "folder": str(self.folder.path),
            "id": self._wish.id,
            "sha256": hash_value(files),
        } | {fact: self.digest(stage) for stage, fact in _MENDS.items()}
        self._facts.fact(ACTOR, used)
        return True

    def _copied(self, context: ConditionContext, stage: str, reporter: Reporter) -> Part:
        """Analyse what is missing and copy what the stage leaves; the part that it is from."""
        copy = self._joints if stage == joints_stage.NAME else self._masks
        for left in reversed(range(_TRIES)):
            part = ensure(self.folder, self._wish, reporter).part
            try:
                copy(context, part, reporter)
                break
            except (_ChangedError, InputError):
                if not left:
                    raise
        return part

    def _figures(self, part: Part, stage: str) -> dict[str, Any]:
        """What the stage said of its work, for the wished frames."""
        (name,) = (name for name in part.files if name.endswith(".json"))
        figures = json.loads(self._bytes(part, name))[stage]
        return cut_figures(figures, self._wish.first - part.first, self._count)

    @property
    def _count(self) -> int:
        return self._wish.last + 1 - self._wish.first

    def _bytes(self, part: Part, name: str) -> bytes:
        """A file of the store, as it was made. Raises _ChangedError where it is not."""
        try:
            data = (self.folder.path / name).read_bytes()
        except OSError:
            data = b""
        if FileMark.of_bytes(data) != part.files[name]:
            raise _ChangedError(
                "actor-changed",
                f"{name} of the actor in {self.folder.path} changes again and again.",
                "End the program that writes there, and start the job again.",
            )
        return data

    def _joints(self, context: ConditionContext, part: Part, reporter: Reporter) -> None:
        out, size = context.out, context.clip.size
        found = load_joints(self.folder)
        frames = found.pop("frames")
        found = _mended(found, frames, self._corrections())
        inside = (frames >= self._wish.first) & (frames <= self._wish.last)
        arrays = cut_frames(found, np.flatnonzero(inside))
        if len(arrays["source"]) != self._count:
            raise InputError(
                "actor-damaged",
                f"{self.folder.joints} does not hold all frames that were analysed.",
                "Delete it; the actor is then analysed again.",
            )
        write_npz(out / SOURCE_JOINTS, **arrays)
        for index, joints in enumerate(arrays["source"]):
            picture = draw_skeleton(joints, size)
            _put(out / "source_poses" / f"frame_{index}.png", png_bytes(picture))
            reporter.check()
        quality = self._figures(part, joints_stage.NAME)
        quality["hands"] = joints_stage.hand_states(arrays["state"])
        joints_stage.tell(quality, reporter)
        write_json(out / joints_stage.QUALITY, quality)

    def _masks(self, context: ConditionContext, part: Part, reporter: Reporter) -> None:
        out, mended = context.out, self._mended_masks()
        for index in range(self._count):
            frame = self._wish.first + index
            kept = {kind: f"{kind}/frame_{frame}.png" for kind in KINDS}
            pictures = {
                k: self._bytes(part, name) for k, name in kept.items() if name in part.files
            }
            if mended.touches(frame):
                pictures = mended.pictures(frame, pictures, context.settings.widen_mask)
            for kind, data in pictures.items():
                path = out / f"source_{kind}" / f"frame_{index}.png"
                path.parent.mkdir(exist_ok=True)
                _put(path, data)
            reporter.check()
        quality = self._figures(part, masks_stage.NAME)
        masks_stage.tell(quality, reporter)
        write_json(out / masks_stage.QUALITY, quality)


def _mended(
    found: dict[str, Any], frames: Any, corrections: tuple[JointCorrection, ...]
) -> dict[str, Any]:
    """The arrays of joints.npz with corrections in them; nobody knows how deep a moved joint is."""
    if not corrections:
        return found
    joints, states = apply_corrections(found["source"], found["state"], frames, corrections)
    result = {**found, "source": joints, "state": states}
    if "world" in found:
        moved = states == JointState.MENDED
        result["world"] = np.where(moved[..., None], np.float32(np.nan), found["world"])
    return result


def _put(path: Path, data: bytes) -> None:
    """Write a file, unless it is there as it is to be: what no correction touches stays."""
    # What cannot be read is written, which says what is wrong.
    with suppress(OSError):
        if path.read_bytes() == data:
            return
    write_bytes(path, data)


class _ChangedError(MFError):
    """A file of the store changed after it was looked at."""


def job_actor(request: JobRequest, clip: Clip, sha256: str, facts: Facts) -> StoredActor | None:
    """The stored actor of a job whose clip is opened; None where the job keeps its own, or the
    user gives joints or masks. Which was used becomes a fact."""
    settings = request.settings
    if not request.actors or any(
        (settings.source_joints, settings.source_poses, settings.source_masks)
    ):
        return None
    whole = replace(request.reference, first=0, count=0)
    wish = Wish(whole, sha256, clip.first, clip.first + clip.count - 1, settings)
    return StoredActor(Path(request.actors), wish, facts)
