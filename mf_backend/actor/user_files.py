"""The user's own joints, skeleton pictures and masks: read, checked, refused by name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import image_folder
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import FrameSource
from mf_backend.skeleton.joints import JOINT_COUNT

Joints = NDArray[np.float32]


def picture_files(folder: Path, clip: FrameSource, what: str) -> tuple[Path, ...]:
    """The pictures of a folder, one for each frame used of the clip.

    A folder made for the whole clip is cut to the used range. Raises InputError naming what does
    not fit: number of pictures, numbers missing, another size.
    """
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
        found = image_folder.image_size(path)
        if found != size:
            raise InputError(
                "pictures-size",
                f"{path} is {found[0]}x{found[1]} pixels, but the {what} must be "
                f"{size[0]}x{size[1]} like the clip.",
                "Make them at the clip's own pixel size.",
            )


def read_joints_file(path: Path, key: str, clip: FrameSource) -> Joints:
    """Joints [frames, 60, 2] stored as `key` in an npz, for the clip's frames and pixel size.

    Joints of the whole clip are cut to the used range.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            joints = np.asarray(data[key], dtype=np.float32)
            size = tuple(int(x) for x in data["size"]) if "size" in data else clip.size
    except FileNotFoundError:
        raise InputError(
            "joints-missing", f"The joints {path} do not exist.", "Choose their file again."
        ) from None
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            "joints-damaged", f"{path} cannot be read as joints (`{key}` in an npz): {error}."
        ) from None
    if joints.ndim != 3 or joints.shape[1:] != (JOINT_COUNT, 2):
        raise InputError(
            "joints-shape",
            f"`{key}` in {path} is {list(joints.shape)}; it must be [frames, {JOINT_COUNT}, 2].",
        )
    info = getattr(clip, "info", None)
    if len(joints) != clip.count and info is not None and len(joints) == info.count:
        first = int(getattr(clip, "first", 0))
        joints = joints[first : first + clip.count]
    if len(joints) != clip.count:
        raise InputError(
            "joints-count",
            f"{path} has joints for {len(joints)} frames, but {clip.count} frames of the clip are "
            f"used.",
            "There must be one skeleton for each frame.",
        )
    if size != clip.size:
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

    joints = np.stack([read_pose_picture(image_folder.read_image(path)) for path in files])
    if not np.isfinite(joints).any():
        raise InputError(
            "poses-empty",
            f"No skeleton was recognised in the pictures of {files[0].parent}.",
            "They must be drawn in the colours of Show Skeleton, on black.",
        )
    return joints.astype(np.float32)
