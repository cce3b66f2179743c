"""What `condition` refuses, before any estimator is loaded: one sentence and exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ..conftest import Ran, write_frames, write_joints

Run = Callable[..., Ran]

SIZE = (64, 48)


@pytest.fixture
def clip(odd_path: Path) -> Path:
    frames = [np.full((48, 64, 3), 40 * index, np.uint8) for index in range(4)]
    return write_frames(odd_path / "clip", frames)


def refused(ran: Ran, sentence: str, code: int = 2) -> None:
    assert ran.code == code, ran.err
    assert sentence in ran.err and "Traceback" not in ran.err


def test_released_needs_target_masks(condition: Run, clip: Path, odd_path: Path) -> None:
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    out = odd_path / "out"
    arguments = ("--reference", clip, "--target-joints", target, "--out", out)
    refused(condition(*arguments, "--alignment", "released"), "needs --target-masks")
    assert not out.exists()


def test_no_target(condition: Run, clip: Path, odd_path: Path) -> None:
    ran = condition("--reference", clip, "--out", odd_path / "out")
    refused(ran, "No target motion was given.")


def test_foreign_folder_is_left_alone(condition: Run, clip: Path, odd_path: Path) -> None:
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    mine = odd_path / "holiday"
    mine.mkdir()
    (mine / "photo.txt").write_text("dear")
    ran = condition("--reference", clip, "--target-joints", target, "--out", mine)
    refused(ran, "is not empty and was not made by `condition`", 6)
    assert [p.name for p in mine.iterdir()] == ["photo.txt"]


def test_wrong_number_of_joints(condition: Run, clip: Path, odd_path: Path) -> None:
    given = write_joints(odd_path / "source.npz", 3, SIZE)
    with np.load(given) as data:
        np.savez(odd_path / "three.npz", source=data["target"], size=data["size"])
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", odd_path / "out",
        "--source-joints", odd_path / "three.npz",
    )  # fmt: skip
    refused(ran, "has joints for 3 frames, but 4 frames of the clip are used")


def given_source(odd_path: Path, count: int = 4) -> Path:
    """The actor's joints as a user's own file."""
    target = write_joints(odd_path / "any.npz", count, SIZE)
    with np.load(target) as data:
        np.savez(odd_path / "source.npz", source=data["target"], size=data["size"])
    return odd_path / "source.npz"


def test_masks_of_another_size(condition: Run, clip: Path, odd_path: Path) -> None:
    masks = write_frames(odd_path / "masks", [np.zeros((50, 64), np.uint8)] * 4)
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", odd_path / "out",
        "--source-joints", given_source(odd_path), "--source-masks", masks,
    )  # fmt: skip
    refused(ran, "frame_0.png is 64x50 pixels, but the masks must be 64x48")


def test_too_few_masks(condition: Run, clip: Path, odd_path: Path) -> None:
    masks = write_frames(odd_path / "masks", [np.zeros((48, 64), np.uint8)] * 3)
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", odd_path / "out",
        "--source-joints", given_source(odd_path), "--source-masks", masks,
    )  # fmt: skip
    refused(ran, "holds 3 masks, but 4 frames of the clip are used")


def test_matched_target_of_another_shape(condition: Run, clip: Path, odd_path: Path) -> None:
    target = write_joints(odd_path / "target.npz", 4, (100, 100))
    mask = np.zeros((48, 64), np.uint8)
    mask[4:46, 18:50] = 255
    masks = write_frames(odd_path / "masks", [mask] * 4)
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", odd_path / "out",
        "--source-joints", given_source(odd_path), "--source-masks", masks,
        "--alignment", "matched",
    )  # fmt: skip
    refused(ran, "The target was made for 100x100 pixels")


@pytest.mark.parametrize("person", ["5", "a,b,c", "0,1,2,3"])
def test_person(condition: Run, clip: Path, odd_path: Path, person: str) -> None:
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", odd_path / "out",
        "--person", person,
    )  # fmt: skip
    refused(ran, "--person must be F,X,Y")


def test_damaged_target(condition: Run, clip: Path, odd_path: Path) -> None:
    (odd_path / "target.npz").write_bytes(b"no npz")
    ran = condition(
        "--reference", clip, "--target-joints", odd_path / "target.npz", "--out", odd_path / "out"
    )
    refused(ran, "cannot be read as target joints")


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--mask-estimator", "magic", "There is no mask estimator named 'magic'"),
        ("--widen-mask", "400", "A mask is widened by 0 to 32 pixels, not by 400"),
    ],
)
def test_masks_that_cannot_be_made(
    condition: Run, clip: Path, odd_path: Path, option: str, value: str, sentence: str
) -> None:
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", odd_path / "out",
        "--source-joints", given_source(odd_path), option, value,
    )  # fmt: skip
    refused(ran, sentence)
