"""What is learnt of a clip, and what is kept out to measure it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mf_backend.clip import hash_clip
from mf_backend.compositing.window import plan_square, union_box
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.progress import Reporter
from mf_backend.training.data.batches import Batch, as_batch, joined, pictures_of
from mf_backend.training.data.looks import Look
from mf_backend.training.data.shots import Array, Shot, Split, Take, read_shots

LEAST = 8
"""Frames that a clip must have."""
_EVERY, _FIRST = 8, 4
_MOST_MEASURED = 12


@dataclass(frozen=True)
class TunedClip:
    """A clip as it is tuned to: `shot` has one take, all frames of the clip."""

    shot: Shot
    sha256: str
    """Of the clip; empty where it is not known."""

    @property
    def kept_out(self) -> tuple[int, ...]:
        """Frames that are not learnt from."""
        return tuple(range(_FIRST, len(self.shot.takes[0]), _EVERY))

    def learnt(self) -> Shot:
        """The clip without the frames that are kept out."""
        take = self.shot.takes[0]
        rest = [n for n in range(len(take)) if n not in self.kept_out]
        cut = Take(take.pictures[rest], take.mattes[rest], take.joints[rest])
        return replace(self.shot, takes=(cut,), split=Split.TRAIN)

    def measured(self) -> tuple[int, ...]:
        """The frames that tell what was gained: some of those kept out, evenly."""
        every = self.kept_out
        chosen = np.unique(np.linspace(0, len(every) - 1, min(len(every), _MOST_MEASURED)).round())
        return tuple(every[int(k)] for k in chosen)

    def reference_of(self, frame: int) -> int:
        """The frame that a kept-out one is painted after: about half the clip away, and learnt."""
        count = len(self.shot.takes[0])
        other = (frame + count // 2) % count
        return other if other not in self.kept_out else (other + 1) % count

    def batch(self, frames: Sequence[int], channels: int, seed: int) -> Batch:
        """These frames, each from its own skeleton and another frame; noise follows the seed."""
        parts = []
        for frame in frames:
            pictures = pictures_of(self.shot, 0, [frame], 0, [self.reference_of(frame)], Look())
            generator = torch.Generator().manual_seed((seed * 1_000_003 + frame) % 2**63)
            parts.append(as_batch(pictures, 0, 0, channels, generator))
        return joined(parts)


def read_clip(folder: Path, side: int, reporter: Reporter) -> TunedClip:
    """The one clip in a folder as training reads it, at `side` pixels; of two takes the footage.

    Raises InputError where it holds none or several, or one that cannot be learnt from.
    """
    shots = read_shots(folder, side, LEAST, reporter)
    if len(shots) != 1:
        raise InputError(
            "tune-clips",
            f"{folder} holds {len(shots)} shots, and tuning is to one.",
            "Give the folder of one shot.",
        )
    frames = next(p for p in (folder / "frames", folder / "source" / "frames") if p.is_dir())
    shot = shots[0]
    return TunedClip(replace(shot, takes=shot.takes[:1]), hash_clip(frames))


def clip_of(
    name: str,
    sha256: str,
    pictures: Sequence[Array],
    mattes: Sequence[Array],
    joints: NDArray[np.float32],
    side: int,
) -> TunedClip:
    """A clip of pictures [H, W, 3], mattes [H, W] and joints [n, 60, 2] in their pixels.

    Raises InputError where it is too short or no matte shows anybody.
    """
    if len(pictures) < LEAST:
        raise InputError(
            "train-few-frames",
            f"{name} has {len(pictures)} frames; at least {LEAST} are needed.",
            "Use more of the clip.",
        )
    box = union_box(mattes)
    if box is None:
        raise InputError(
            "train-masks",
            f"No mask of {name} shows anybody.",
            "Mend the masks, or point at the actor.",
        )
    height, width = mattes[0].shape
    window = plan_square(box, (width, height), side)
    take = Take(
        np.stack([window.crop(picture) for picture in pictures]),
        np.stack([window.crop(matte) for matte in mattes]),
        window.joints(joints),
    )
    return TunedClip(Shot(name, Split.TRAIN, (take,)), sha256)
