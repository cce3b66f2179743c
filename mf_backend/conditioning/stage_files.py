"""The files that stages leave under the conditioning folder and read from each other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import picture_file
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.conditions import FRAMES, JOINTS, POSITIONS, SIZE, read_arrays
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import atomic_path

SOURCE_JOINTS = "source_joints.npz"
"""What the stage "joints" leaves: `source`, `state`, `others`, `size`, and perhaps `people` and
`world`."""


_NAMES = ("source", "state", "others", "people", "size", "world")
_STATE = WantedArray((FRAMES, (60,)), "[frames, 60]")
_OTHERS = WantedArray((FRAMES, range(100), (18,), (2,)), "[frames, people, 18, 2]", optional=True)


def load_found(out: Path) -> dict[str, NDArray[Any]]:
    """All that the stage "joints" left under `out`, by name; see SOURCE_JOINTS."""
    wanted = {"source": JOINTS, "state": _STATE, "others": _OTHERS, "world": POSITIONS}
    wanted["people"] = _OTHERS
    return read_arrays(out / SOURCE_JOINTS, {**wanted, "size": SIZE}, _NAMES)


def load_source(out: Path) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Joints [frames, 60, 2] and states [frames, 60] that the stage "joints" left under `out`."""
    arrays = read_arrays(out / SOURCE_JOINTS, {"source": JOINTS, "state": _STATE}, _NAMES)
    return arrays["source"], arrays["state"]


def load_others(out: Path, count: int) -> NDArray[np.float32]:
    """Body joints of the other people in the clip [frames, people, 18, 2], NaN absent."""
    arrays = read_arrays(out / SOURCE_JOINTS, {"others": _OTHERS}, _NAMES)
    none = np.full((count, 0, 18, 2), np.nan, np.float32)
    others: NDArray[np.float32] = arrays.get("others", none)
    return others


def load_world(out: Path) -> NDArray[np.float32] | None:
    """The actor's joints in metres [frames, 60, 3] as in Conditions; None where not estimated."""
    return read_arrays(out / SOURCE_JOINTS, {"world": POSITIONS}, _NAMES).get("world")


def read_mask(out: Path, kind: str, index: int) -> NDArray[np.uint8]:
    """One mask or matte that a stage left, uint8 [height, width]."""
    path = out / kind / f"frame_{index}.png"
    if not path.is_file():
        raise InputError("condition-damaged", f"{path} is missing.")
    return picture_file.read_grey(path)


def picture_names(count: int, *folders: str) -> tuple[str, ...]:
    """frame_0.png to frame_{count - 1}.png in each of some folders."""
    return tuple(f"{folder}/frame_{index}.png" for folder in folders for index in range(count))


def is_json(path: Path) -> bool:
    """Whether a file can be read as JSON."""
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return True


def pictures_complete(folder: Path, count: int, size: tuple[int, int]) -> bool:
    """Whether frame_0.png to frame_{count - 1}.png are there and open at `size`."""
    return all(
        picture_file.intact_size(folder / f"frame_{index}.png") == size for index in range(count)
    )


def copy_whole(source: Path, destination: Path) -> None:
    """Copy a file byte for byte, whole or not at all."""
    with atomic_path(destination) as temporary:
        shutil.copyfile(source, temporary)
