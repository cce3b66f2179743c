"""Painted masks: one picture or some, and each thing that may be wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mf_backend.actor.mends.mask_file import read_layers
from mf_backend.actor.mends.mask_layers import MaskRole
from mf_backend.clip import open_clip, reference_for
from mf_backend.contracts.errors import InputError, OutputError
from mf_backend.jobs.analysis.layers.painted import MaskChanges, Painted
from tests.backend.tiny_job import write_picture

SIZE = (32, 24)


def grey(value: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.full(size[::-1], value, np.uint8)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    for frame in range(4):
        write_picture(
            tmp_path / "clip" / f"frame_{frame}.png", np.zeros((*SIZE[::-1], 3), np.uint8)
        )
    return tmp_path / "clip"


def check(clip: Path, path: Path) -> None:
    with open_clip(reference_for(clip, 1, 2)) as opened:
        MaskChanges([Painted(MaskRole.ADD, path)]).check(opened)


def test_one_picture_is_for_all_frames_and_a_folder_for_its_own(tmp_path: Path) -> None:
    write_picture(tmp_path / "one.png", grey(255))
    write_picture(tmp_path / "some" / "f_2.png", grey(200))
    write_picture(tmp_path / "some" / "f_3.png", grey(0))
    painted = [Painted(MaskRole.CUT, tmp_path / "one.png"),
               Painted(MaskRole.ADD, tmp_path / "some")]  # fmt: skip
    MaskChanges(painted).make(tmp_path / "mends", SIZE, range(1, 3))
    cut, add = read_layers(tmp_path / "mends")
    assert list(cut.frames()) == [1, 2] and len(cut.stretches) == 1
    assert list(add.frames()) == [2]


def test_what_is_wrong_is_said(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture and no folder"):
        check(clip, tmp_path / "nowhere")
    write_picture(tmp_path / "late" / "frame_4.png", grey(255))
    with pytest.raises(InputError, match="frame 4, but the clip's frames are 0 to 3"):
        check(clip, tmp_path / "late")
    write_picture(tmp_path / "large.png", grey(255, (64, 24)))
    with pytest.raises(InputError, match="64x24 pixels, but the clip is 32x24"):
        check(clip, tmp_path / "large.png")
    write_picture(tmp_path / "black.png", grey(0))
    black = MaskChanges([Painted(MaskRole.ADD, tmp_path / "black.png")])
    with pytest.raises(InputError, match="black everywhere"):
        black.make(tmp_path / "mends", SIZE, range(4))
    assert read_layers(tmp_path / "mends") == ()


def test_a_full_disk_leaves_the_list_as_it_was(tmp_path: Path, small_disk: Path) -> None:
    noise = np.random.default_rng(1)
    write_picture(tmp_path / "one.png", grey(255))
    for frame in range(40):
        picture = noise.integers(0, 255, (400, 400), dtype=np.uint8)
        write_picture(tmp_path / "many" / f"f_{frame}.png", picture)
    mends = small_disk / "mends"
    MaskChanges([Painted(MaskRole.ADD, tmp_path / "one.png")]).make(mends, SIZE, range(4))
    before = read_layers(mends)
    with pytest.raises(OutputError, match="disk is full"):
        MaskChanges([Painted(MaskRole.CUT, tmp_path / "many")]).make(mends, SIZE, range(4))
    assert read_layers(mends) == before
