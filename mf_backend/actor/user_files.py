"""The user's own joints, skeleton pictures and masks: read, checked, refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import image_folder, picture_file
from mf_backend.contracts.checks.fields import shown
from mf_backend.contracts.checks.npz import NpzError, ShapeError, WantedArray, read_npz
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import FrameSource
from mf_backend.skeleton.joints import JOINT_COUNT

Joints = NDArray[np.float32]


def picture_files(folder: Path, clip: FrameSource, what: str) -> tuple[Path, ...]:
    """The pictures of a folder, one for each frame used of the clip.

    A folder made for the whole clip is cut to the used range. Raises InputError naming what does
    not fit: number of pictures, numbers missing, another size.
    """
    if not folder.is_dir():
        why = "is a file, not a folder" if folder.exists() else "does not exist"
        raise InputError(
            "input-missing",
            f"The folder {folder} ({what}) {why}.",
            "Choose it again, or leave it empty.",
        )
    images = image_folder.scan(folder)
    files = images.files
    info = getattr(clip, "info", None)
    first = int(getattr(clip, "first", 0))
    if len(files) != clip.count and info is not None and len(files) == info.count:
        files = files[first : first + clip.count]
    elif missing := images.missing():
        raise InputError(
            "pictures-missing",
            f"The {what} in {folder} have no number {image_folder.list_numbers(missing)}.",
            "There must be one for each frame of the clip.",
        )
    if len(files) != clip.count:
        raise InputError(
            "pictures-count",
            f"{folder} holds {len(files)} {what}, but {clip.count} frames of the clip are used.",
            "There must be one for each frame.",
        )
    return files


def check_size(files: tuple[Path, ...], size: tuple[int, int], what: str) -> None:
    """Refuse pictures of another size than `size` (width, height), naming the first."""
    for path in files:
        found = picture_file.image_size(path)
        if found != size:
            raise InputError(
                "pictures-size",
                f"{path} is {found[0]}x{found[1]} pixels, but the {what} must be "
                f"{size[0]}x{size[1]} like the clip.",
                "Make them at the clip's own pixel size.",
            )


@dataclass(frozen=True)
class JointsFile:
    """A kind of joints file: the array it holds, its name in sentences, and its errors' codes."""

    key: str
    what: str
    missing: str = "joints-missing"
    damaged: str = "joints-damaged"
    shape: str = "joints-shape"
    length: str = "joints-count"


SOURCE_JOINTS = JointsFile("source", "the actor's joints")
TARGET_JOINTS = JointsFile("target", "target joints", length="target-length")
JOB_TARGET = JointsFile(
    key="target",
    what="target joints",
    missing="target-missing",
    damaged="target-damaged",
    shape="target-damaged",
    length="target-length",
)
_KNOWN = (
    *("source", "source_state", "source_world", "target", "target_given", "target_size"),
    *("target_positions", "state", "others", "world", "positions", "size"),
    "actor_size",
)
"""What joints files that we write ourselves hold besides the wanted arrays."""
_LARGEST_SIDE = 1_000_000


def read_joints(
    path: Path, file: JointsFile, count: int, whole: int | None = None
) -> tuple[Joints, tuple[int, int] | None]:
    """(joints [count, 60, 2], size (width, height) in pixels or None where the file has none).

    With `whole`, the frames of the whole clip, joints for all of these are taken too and come
    uncut. Raises InputError naming the file.
    """
    lengths = {count} if whole is None else {count, whole}
    wanted = {
        file.key: WantedArray((lengths, {JOINT_COUNT}, {2}), f"[frames, {JOINT_COUNT}, 2]"),
        "size": WantedArray(({2},), "(width, height)", optional=file is SOURCE_JOINTS),
    }
    arrays = _read(path, file, count, wanted)
    size = None
    if "size" in arrays:
        sides = arrays["size"].astype(np.float64)
        if not all(1 <= side <= _LARGEST_SIDE and side == int(side) for side in sides.tolist()):
            raise InputError(
                file.shape,
                f"In {path}, `size` must be (width, height) in whole pixels, not "
                f"{shown(sides.tolist())}.",
            )
        size = (int(sides[0]), int(sides[1]))
    with np.errstate(over="ignore"):
        joints = arrays[file.key].astype(np.float32)
    return joints, size


def _read(
    path: Path, file: JointsFile, count: int, wanted: Mapping[str, WantedArray]
) -> dict[str, NDArray[Any]]:
    """The wanted arrays of a joints file. Raises InputError naming it."""
    hint = f"It must be an npz with `{file.key}` [frames, {JOINT_COUNT}, 2] and `size`."
    try:
        return read_npz(path, wanted, [name for name in _KNOWN if name not in wanted])
    except ShapeError as error:
        if error.key == file.key and error.shape[1:] == (JOINT_COUNT, 2):
            raise InputError(
                file.length,
                f"{path} has joints for {error.shape[0]} frames, but {count} frames of the clip "
                f"are used.",
                "There must be one skeleton for each frame.",
            ) from None
        raise InputError(file.shape, f"In {path}, {error}.", hint) from None
    except NpzError as error:
        code = file.missing if error.missing else file.damaged
        text = f"{path} cannot be read as {file.what}: {error}."
        raise InputError(
            code, text, "Choose their file again." if error.missing else hint
        ) from None


def read_target_joints(
    path: Path, file: JointsFile, count: int
) -> tuple[Joints, tuple[int, int], Joints | None]:
    """A target motion: joints [count, 60, 2], the size (width, height) that they refer to, and
    their positions [count, 60, 3] in metres from the camera, None where the file has none.

    Raises InputError naming the file.
    """
    joints, size = read_joints(path, file, count)
    if size is None:
        raise AssertionError("a target's size is not optional")
    shape = WantedArray(({count}, {JOINT_COUNT}, {3}), "[frames, 60, 3] like `target`", True)
    given = _read(path, file, count, {"positions": shape}).get("positions")
    if given is None:
        return joints, size, None
    with np.errstate(over="ignore"):
        positions = given.astype(np.float32)
    if np.isinf(positions).any():
        raise InputError(
            file.shape,
            f"In {path}, `positions` holds endless numbers.",
            "Give metres from the camera, and NaN for joints that are absent.",
        )
    return joints, size, positions


def read_joints_file(path: Path, clip: FrameSource) -> Joints:
    """The actor's joints [frames, 60, 2] from the user's npz, in the clip's pixels.

    Joints of the whole clip are cut to the used range. Raises InputError naming the file.
    """
    info = getattr(clip, "info", None)
    first = int(getattr(clip, "first", 0))
    joints, size = read_joints(
        path, SOURCE_JOINTS, clip.count, None if info is None else info.count
    )
    if len(joints) != clip.count:
        joints = joints[first : first + clip.count]
    if size is not None and size != clip.size:
        raise InputError(
            "joints-size",
            f"{path} was made for {size[0]}x{size[1]} pixels, but the clip has "
            f"{clip.size[0]}x{clip.size[1]}.",
            "Make the joints at the clip's own pixel size.",
        )
    return joints


def read_pose_pictures(files: tuple[Path, ...]) -> Joints:
    """Joints [frames, 60, 2] read back from skeleton pictures by colour; NaN absent."""
    from mf_backend.skeleton.pose_pictures import read_pose_picture

    joints = np.stack([read_pose_picture(picture_file.read_image(path)) for path in files])
    if not np.isfinite(joints).any():
        raise InputError(
            "poses-empty",
            f"No skeleton was recognised in the pictures of {files[0].parent}.",
            "They must be drawn in the colours of Show Skeleton, on black.",
        )
    return joints.astype(np.float32)
