"""Where the things of one actor lie.

actor.json          whose clip and who in it; what was found, by size and hash
joints.npz          frames, source, state, others, size (see stage_files of conditioning)
masks/ alpha/ held/ front/  frame_N.png, N counted from 0 over the whole clip
quality/            what was found, for people, a file for each range of frames in a row
mends/              what a person corrected (see mends); no analysis writes there
tuned/              what engines learnt of the clip, an adapter for each
findings/           what took long, frame by frame, to go on from
work/               half made; worker.lock there while a process works on it
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mf_backend.contracts.files import hash_value

FOLDER = "actors"
"""Name of the folder of actors, beside the jobs' folders."""
_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_DIGITS = 12
_LONGEST = 48


@dataclass(frozen=True)
class ActorFolder:
    """Paths inside one actor's folder."""

    path: Path

    @property
    def about(self) -> Path:
        """Whose it is and what was found."""
        return self.path / "actor.json"

    @property
    def joints(self) -> Path:
        """Joints of all frames that were analysed."""
        return self.path / "joints.npz"

    @property
    def quality(self) -> Path:
        """What was found, for people."""
        return self.path / "quality"

    @property
    def mends(self) -> Path:
        """What a person corrected."""
        return self.path / "mends"

    @property
    def findings(self) -> Path:
        """What was found on single frames."""
        return self.path / "findings"

    def adapter(self, engine: str) -> Path:
        """What an engine of this name learnt of the clip."""
        return self.tuned / f"{engine}.safetensors"

    @property
    def tuned(self) -> Path:
        """What engines learnt of the clip; deleting it forgets that."""
        return self.path / "tuned"

    @property
    def work(self) -> Path:
        """What is half made."""
        return self.path / "work"

    @property
    def lock(self) -> Path:
        """There while a process works on it."""
        return self.path / "worker.lock"

    def picture(self, kind: str, frame: int) -> Path:
        """One picture: of a kind (masks, alpha, held, front); frames count from 0 over the whole
        clip."""
        return self.path / kind / f"frame_{frame}.png"


def actor_id(clip_sha256: str, person: Sequence[float]) -> str:
    """Which actor: who is pointed at (see pointing.in_clip) in which clip."""
    return hash_value([clip_sha256, [float(value) for value in person]])


def actor_folder(root: Path, clip: Path, identity: str) -> ActorFolder:
    """The folder of an actor of this `actor_id` below a folder of actors.

    One that is there is taken, whatever the clip was called then.
    """
    with suppress(OSError):
        for entry in sorted(root.iterdir()):
            if entry.name.endswith(f"-{identity[:_DIGITS]}") and entry.is_dir():
                return ActorFolder(entry)
    name = _UNSAFE.sub("-", clip.stem or clip.name).strip(" .-")[:_LONGEST].strip(" .") or "clip"
    return ActorFolder(root / f"{name}-{identity[:_DIGITS]}")
