"""What `condition` refuses, before any estimator is loaded: one sentence and exit code 2."""

from __future__ import annotations

import os
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


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_nothing_is_written_through_links_in_the_folder(
    condition: Run, clip: Path, odd_path: Path
) -> None:
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    outside, out = odd_path / "holiday", odd_path / "out"
    outside.mkdir()
    out.mkdir()
    (out / "condition.log").touch()
    (out / "source_masks").symlink_to(outside)
    ran = condition("--reference", clip, "--target-joints", target, "--out", out)
    refused(ran, "source_masks in the folder")
    assert list(outside.iterdir()) == []


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


@pytest.mark.parametrize(
    ("height", "count", "words"),
    [
        (50, 4, "frame_0.png is 64x50 pixels, but the masks must be 64x48"),
        (48, 3, "holds 3 masks, but 4 frames of the clip are used"),
    ],
)
def test_masks_that_do_not_fit(
    condition: Run, clip: Path, odd_path: Path, height: int, count: int, words: str
) -> None:
    masks = write_frames(odd_path / "masks", [np.zeros((height, 64), np.uint8)] * count)
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    ran = condition(
        "--reference", clip, "--target-joints", target, "--out", odd_path / "out",
        "--source-joints", given_source(odd_path), "--source-masks", masks,
    )  # fmt: skip
    refused(ran, words)


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


def damage_missing(path: Path) -> None:
    path.unlink()


def damage_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def damage_texts(path: Path) -> None:
    np.savez(path, target=np.full((4, 60, 2), "1"), size=np.array(SIZE))


def damage_more(path: Path) -> None:
    with np.load(path) as data:
        np.savez(path, notes=data["size"], **data)


def damage_size(path: Path) -> None:
    with np.load(path) as data:
        np.savez(path, target=data["target"], size=np.array([np.inf, 48]))


def damage_positions(path: Path) -> None:
    with np.load(path) as data:
        np.savez(path, positions=np.zeros((3, 60, 3)), **data)


def damage_endless(path: Path) -> None:
    with np.load(path) as data:
        np.savez(path, positions=np.full((4, 60, 3), np.inf), **data)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (damage_missing, "there is no such file"),
        (damage_pipe, "it is a named pipe, not a file"),
        (damage_cut, "it is no .npz, or damaged"),
        (damage_texts, "`target` holds no plain numbers"),
        (damage_more, "it holds notes, which nothing here reads"),
        (damage_size, "`size` must be (width, height) in whole pixels, not [inf, 48.0]"),
        (damage_positions, "`positions` is [3, 60, 3]; it must be [frames, 60, 3] like `target`"),
        (damage_endless, "`positions` holds endless numbers"),
    ],
)
def test_target_joints_that_are_none(
    condition: Run, clip: Path, odd_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    target = write_joints(odd_path / "target.npz", 4, SIZE)
    damage(target)
    out = odd_path / "out"
    refused(condition("--reference", clip, "--target-joints", target, "--out", out), sentence)
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--target-poses", "nowhere"), "The folder nowhere (--target-poses) does not exist"),
        (("--target-poses", "empty"), "empty holds no numbered images"),
        (("--target-poses", "few"), "few holds 3 target skeletons, but 4 frames"),
        (("--target-joints", "target.npz", "--source-masks", "few"), "few holds 3 masks"),
        (("--target-joints", "few"), "it is a folder, not a file"),
        (("--target-joints", "target.npz", "--source-poses", "few"), "holds 3 skeleton pictures"),
        (("--target-joints", "target.npz", "--character-masks", "few"), "holds 3 target masks"),
        (("--target-joints", "target.npz", "--person", "4,1,1"), "on frame 4, but the frames used"),
        (("--target-joints", "target.npz", "--person", "0,99,1"), "outside the picture"),
        (("--target-joints", "target.npz", "--person", "0.5,9,1"), "with a whole frame number"),
        (("--target-joints", "target.npz", "--fps", "inf"), "--fps must be 0 "),
        (("--target-joints", "target.npz", "--fps", "nan"), "--fps must be 0 "),
        (("--target-joints", "target.npz", "--count", "x"), "--count must be a whole number"),
        (("--target-joints", "target.npz", "--first", "9" * 5000), "--first must be a whole"),
        (("--target-joints", "n" * 300), "whose names have at most 255"),
    ],
)
def test_nothing_is_begun_with_what_cannot_be_used(
    condition: Run, clip: Path, odd_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    """The actor is not given: finding it would take many times as long as these refusals."""
    write_joints(odd_path / "target.npz", 4, SIZE)
    (odd_path / "empty").mkdir()
    write_frames(odd_path / "few", [np.zeros((48, 64, 3), np.uint8)] * 3)
    here = {path.name: path for path in odd_path.iterdir()}
    out = odd_path / "out"
    given = [here.get(word, word) for word in options]
    refused(condition("--reference", clip, "--out", out, *given), sentence)
    assert not out.exists()


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--mask-estimator", "magic", "There is no mask estimator named 'magic'"),
        ("--widen-mask", "400", "--widen-mask must be a number from 0 to 32, not 400"),
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
