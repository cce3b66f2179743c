"""What conditioning leaves on disk and the engines work from; one folder, read frame by frame.

Layout (N counts from 0, one for each frame used, in the clip's pixel size):
  joints.npz                     source, target float32 [frames, 60, 2]; size int (width, height);
                                 source_state uint8 [frames, 60], a JointState each; and, where they
                                 are known, source_world and target_positions float32
                                 [frames, 60, 3]; perhaps actor_size: see Conditions
  source_masks/frame_N.png       hard masks, 8-bit grey, 255 = person
  target_masks/frame_N.png       where the actor will be, hard
  source_alpha/frame_N.png       soft mattes of the same, for compositing
  target_alpha/frame_N.png
  source_held/frame_N.png        which hand holds a pixel of the actor's: 128 the right one, 255 the
                                 left one, 0 none; absent in jobs of former versions
  source_shadow/frame_N.png      8-bit grey, 255 where the actor's shadow was; perhaps absent
  target_shadow/frame_N.png      8-bit colour, share of the light that his new shadow takes
  source_shade/frame_N.png       8-bit colour, share of the light that his old shadow takes from the
                                 clip and its plate where both show it; perhaps absent
  source_front/frame_N.png       255 = a part of the set that stands in front of the actor, wherever
                                 they are; absent in jobs of former versions
  source_poses/  target_poses/   skeleton pictures, frame_N.png
  report.json  contact_sheet.png what was found, for people
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz
from mf_backend.contracts.errors import InputError

FRAMES = range(1 << 18)
"""How many frames conditions may have: some three hours of film."""
JOINTS = WantedArray((FRAMES, (60,), (2,)), "[frames, 60, 2]")
POSITIONS = WantedArray((FRAMES, (60,), (3,)), "[frames, 60, 3]", optional=True)
SIZE = WantedArray(((2,),), "(width, height)")
_ACTOR_SIZE = WantedArray((), "one number", optional=True)
BESIDE = (
    *("source_state", "source_world", "target_positions", "actor_size"),
    *("target_given", "target_size"),
)
"""What joints.npz may hold besides `source`, `target` and `size`."""


class JointState(IntEnum):
    """How a joint of the actor came about."""

    ABSENT = 0
    FOUND = 1
    """Seen by the estimator on this very frame."""
    CARRIED = 2
    """Filled in between or beside frames that saw it."""
    POSED = 3
    """A resting stand-in placed by its neighbours (hands along the forearm)."""
    GIVEN = 4
    """From the user's own files."""
    MENDED = 5
    """Put where it is by a person, or drawn along by a frame on which it was."""


@dataclass(frozen=True)
class Conditions:
    """A finished conditioning folder."""

    folder: Path
    size: tuple[int, int]
    """(width, height) in pixels."""
    source_joints: NDArray[np.float32]
    """[frames, 60, 2] the actor's joints in the clip."""
    target_joints: NDArray[np.float32]
    """[frames, 60, 2] the rig's joints after alignment."""
    source_world: NDArray[np.float32] | None = field(default=None, kw_only=True)
    """[frames, 60, 3] the actor's joints in metres about the middle of the hips, x right, y down,
    z away from the camera; NaN where unknown. None where nothing was estimated."""
    target_positions: NDArray[np.float32] | None = field(default=None, kw_only=True)
    """[frames, 60, 3] the rig's joints before alignment in metres from the rig's camera, same axes;
    NaN where absent. None where the motion came without."""
    actor_size: float = field(default=1.0, kw_only=True)
    """The actor's size in the clip over that of the aligned skeletons; 1 after `fit`."""

    @property
    def count(self) -> int:
        """Number of frames."""
        return int(self.source_joints.shape[0])

    def path(self, kind: str, index: int) -> Path:
        """Path of one picture, e.g. path("source_masks", 0)."""
        return self.folder / kind / f"frame_{index}.png"

    def grey(self, kind: str, index: int) -> NDArray[np.uint8]:
        """One mask or matte as uint8 [height, width]; InputError where it is damaged."""
        return self._decoded(kind, index, (self.size[1], self.size[0]))

    def colour(self, kind: str, index: int) -> NDArray[np.uint8]:
        """One picture as uint8 [height, width, 3], red first; InputError where it is damaged."""
        return np.asarray(self._decoded(kind, index, (self.size[1], self.size[0], 3))[..., ::-1])

    def _decoded(self, kind: str, index: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        import cv2

        file = self.path(kind, index)
        data = np.fromfile(file, np.uint8) if file.is_file() else np.empty(0, np.uint8)
        how = cv2.IMREAD_GRAYSCALE if len(shape) == 2 else cv2.IMREAD_COLOR
        picture: Any = cv2.imdecode(data, how) if data.size else None
        if picture is None or picture.shape != shape:
            raise InputError(
                "condition-damaged",
                f"{kind} of frame {index} is missing or has another size than the clip.",
                "Delete the job's work folder to make it again.",
            )
        result: NDArray[np.uint8] = picture
        return result


def load_conditions(folder: Path) -> Conditions:
    """Open a conditioning folder. Raises InputError where joints.npz is missing or damaged."""
    arrays = read_arrays(
        folder / "joints.npz",
        {
            **{"source": JOINTS, "target": JOINTS, "size": SIZE},
            **{"source_world": POSITIONS, "target_positions": POSITIONS},
            "actor_size": _ACTOR_SIZE,
        },
        beside=BESIDE,
    )
    width, height = (int(x) for x in arrays["size"])
    if min(width, height) < 1:
        raise InputError(
            "condition-damaged",
            f"{folder / 'joints.npz'} says that pictures are {width}x{height} pixels.",
            "Start the job again; it is made anew.",
        )
    source, target = (arrays[name].astype(np.float32) for name in ("source", "target"))
    placed = {
        name: arrays[name].astype(np.float32)
        for name in ("source_world", "target_positions")
        if name in arrays and len(arrays[name]) == len(source)
    }
    actor_size = float(arrays.get("actor_size", 1.0))
    if not 0.01 < actor_size < 100:
        raise InputError(
            "condition-damaged",
            f"{folder / 'joints.npz'} says that the actor is {actor_size:g} times as large as the "
            f"target.",
            "Start the job again; it is made anew.",
        )
    size = (width, height)
    return Conditions(folder, size, source, target, actor_size=actor_size, **placed)


def read_arrays(
    path: Path, wanted: Mapping[str, WantedArray], beside: Collection[str]
) -> dict[str, NDArray[Any]]:
    """Arrays of a file that conditioning left. Raises InputError where it is missing or damaged.

    `beside` are names of other arrays in it.
    """
    try:
        return read_npz(path, wanted, beside)
    except NpzError as error:
        raise InputError(
            "condition-damaged",
            f"{path} is missing or damaged: {error}.",
            "Start the job again; it is made anew.",
        ) from error
