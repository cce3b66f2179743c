"""A filmed shot on disk, as scoring reads it.

CACHE/NAME-HASH/shot.json               description: name, hash, held_out, size, fps, frames
source/  truth/                         the clip that is given, and the right answer:
    frames/000001.png  alpha/000001.png   RGB, and the actor's matte (255 = actor)
    joints.npz                            joints [n, 60, 2] in pixels, positions [n, 60, 3]
plate/000001.png                        the set without the actor: n pictures, or one
matched/  fit/                          target_joints.npz as the add-on gives it, for the rig
                                        and camera of the shot, and for another rig and camera
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip.picture_file import read_grey, read_image
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import Picture

CACHE_VARIABLE = "MF_TRUTH_CACHE"
_FRAMES = ("target", "positions")
"""Arrays of a target's joints that have a row for each frame."""
ROOT = Path(__file__).resolve().parents[2]


class Split(StrEnum):
    """Shots to work with, shots to judge by, or both."""

    DEV = "dev"
    HELD_OUT = "held-out"
    ALL = "all"


class Take(StrEnum):
    """The two films of a shot."""

    SOURCE = "source"
    TRUTH = "truth"


def cache_folder() -> Path:
    """Where filmed shots lie: $MF_TRUTH_CACHE, else out/truth."""
    return Path(os.environ.get(CACHE_VARIABLE) or ROOT / "out" / "truth").absolute()


@dataclass(frozen=True)
class ShotFolder:
    """One filmed shot."""

    path: Path
    name: str
    hash: str
    held_out: bool
    size: tuple[int, int]
    """(width, height) in pixels."""
    fps: float
    count: int
    """Number of frames that are used, from the first."""

    def frame_path(self, take: Take, index: int) -> Path:
        """File of frame `index`, counted from 0."""
        return self.path / take / "frames" / f"{index + 1:06d}.png"

    def frame(self, take: Take, index: int) -> Picture:
        """One frame."""
        return read_image(self.frame_path(take, index))

    def matte(self, take: Take, index: int) -> NDArray[np.uint8]:
        """The actor's matte [height, width] with what is held or worn; 255 = actor."""
        return read_grey(self.path / take / "alpha" / f"{index + 1:06d}.png")

    @property
    def plates(self) -> int:
        """How many pictures the plate has: one where camera and set are still."""
        return len(list((self.path / "plate").glob("*.png")))

    def plate(self, index: int) -> Picture:
        """The set without the actor on frame `index`."""
        number = index if self.plates > 1 else 0
        return read_image(self.path / "plate" / f"{number + 1:06d}.png")

    def joints(self, take: Take) -> NDArray[np.float32]:
        """The actor's joints [frames, 60, 2] in pixels; NaN absent."""
        with np.load(self.path / take / "joints.npz") as arrays:
            return np.asarray(arrays["joints"][: self.count], np.float32)

    def true_target(self) -> dict[str, NDArray[Any]]:
        """The truth's joints as arrays of a target's joints file."""
        with np.load(self.path / Take.TRUTH / "joints.npz") as arrays:
            target = {"target": arrays["joints"], "size": np.array(self.size)}
            return self._used(target | {k: arrays[k] for k in ("positions",) if k in arrays})

    def target(self, alignment: str) -> dict[str, NDArray[Any]]:
        """The target's joints file as the add-on gives it for `fit` or `matched`."""
        with np.load(self.path / alignment / "target_joints.npz") as arrays:
            return self._used(dict(arrays))

    def _used(self, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """What has frames, of those that are used."""
        return {k: v[: self.count] if k in _FRAMES else v for k, v in arrays.items()}


def read_shot(path: Path) -> ShotFolder:
    """Open a filmed shot. Raises InputError where its description or its frames are not there."""
    try:
        told: dict[str, Any] = json.loads((path / "shot.json").read_text(encoding="utf-8"))
        width, height = (int(side) for side in told["size"])
        name, _, digest = path.name.rpartition("-")
        shot = ShotFolder(
            path,
            str(told.get("name") or name or path.name),
            str(told.get("hash") or digest),
            bool(told["held_out"]),
            (width, height),
            float(told["fps"]),
            int(told["frames"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "shot-damaged",
            f"{path} holds no filmed shot: {error!r}.",
            "Delete the folder and film the shot again.",
        ) from error
    for take in Take:
        last = shot.frame_path(take, shot.count - 1)
        if not last.is_file():
            raise InputError(
                "shot-damaged", f"{last} is missing.", f"Delete {path} and film it again."
            )
    return shot


def find_shots(
    cache: Path, names: Iterable[str] = (), split: Split = Split.ALL
) -> list[ShotFolder]:
    """The filmed shots of these names (all for none) and split, the newest film of each.

    Raises InputError where there are none, or one that was named is not there.
    """
    found: dict[str, ShotFolder] = {}
    for description in sorted(cache.glob("*/shot.json"), key=lambda path: path.stat().st_mtime):
        if description.parent.name[0] not in "._":
            shot = read_shot(description.parent)
            found[shot.name] = shot
    wanted = tuple(names)
    if absent := [name for name in wanted if name not in found]:
        raise InputError(
            "shot-missing",
            f"No filmed shot {', '.join(absent)} lies in {cache}; there are "
            f"{', '.join(sorted(found)) or 'none'}.",
            "Film it first.",
        )
    keep = {Split.DEV: (False,), Split.HELD_OUT: (True,), Split.ALL: (False, True)}[split]
    chosen = [
        shot
        for name, shot in sorted(found.items())
        if (name in wanted if wanted else shot.held_out in keep)
    ]
    if not chosen:
        raise InputError(
            "shot-missing", f"No filmed shots for {split} lie in {cache}.", "Film some first."
        )
    return chosen
