"""The user's own plate: exactly as it is, or following the camera; and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.actor.plate.background import BackgroundPlate, build_plate
from mf_backend.clip import open_clip, reference_for
from mf_backend.compositing.own_plate import check_plate, plate_for
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import PlateFit, Settings
from tests.backend.tiny_job import write_picture

SIZE, COUNT, STEP = (160, 120), 8, 4


def wall() -> np.ndarray:
    """A set that is wider than the picture."""
    noise = np.random.default_rng(5).integers(0, 255, (140, 260, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 4) - 128
    return np.asarray(np.clip(128 + 9 * smooth, 0, 255), np.uint8)


def view(frame: int) -> np.ndarray:
    """The set as a camera sees it that goes to the right."""
    left = 10 + STEP * frame
    return np.ascontiguousarray(wall()[10:130, left : left + SIZE[0]])


def person(frame: int) -> np.ndarray:
    """Somebody who keeps in the middle of the picture."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    cv2.ellipse(mask, (80, 70), (14, 36), 0, 0, 360, 255, -1)
    return mask


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    for frame in range(COUNT):
        picture = view(frame)
        picture[person(frame) > 0] = (200, 30, 30)
        write_picture(tmp_path / "clip" / f"frame_{frame}.png", picture)
    return tmp_path / "clip"


def nobody_asked() -> BackgroundPlate:
    raise AssertionError("the clip's own plate is not needed")


def test_as_it_is_gives_its_own_pixels(clip: Path, tmp_path: Path) -> None:
    other = np.full((*SIZE[::-1], 3), (10, 200, 90), np.uint8)
    write_picture(tmp_path / "plate.png", other)
    for frame in range(COUNT):
        write_picture(tmp_path / "plates" / f"p_{frame}.png", other + np.uint8(frame))
    settings = Settings(plate=str(tmp_path / "plate.png"), plate_fit=PlateFit.AS_IS)
    with open_clip(reference_for(clip, 2, 3)) as opened:
        for path, added in (("plate.png", 0), ("plates", 2 + 1)):
            chosen = replace(settings, plate=str(tmp_path / path))
            with plate_for(chosen, opened, nobody_asked) as plate:
                frame, mask = opened.read(1), person(1)
                clean = plate.clean(1, frame, mask)
                assert (clean[mask > 0] == other[mask > 0] + added).all()
                far = cv2.dilate(mask, np.ones((9, 9), np.uint8)) == 0
                assert np.array_equal(clean[far], frame[far])
                assert not plate.painted(1).any()


def test_registered_it_follows_the_camera(clip: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "plate.png", view(0))
    settings = Settings(plate=str(tmp_path / "plate.png"))
    with (
        open_clip(reference_for(clip)) as opened,
        plate_for(settings, opened, lambda: build_plate(opened, person, NullReporter())) as plate,
    ):
        for index in (0, 4, 7):
            clean = plate.clean(index, opened.read(index), person(index))
            hidden = person(index) > 0
            wrong = np.abs(clean.astype(int) - view(index).astype(int))[hidden]
            assert wrong.mean() < 4, f"frame {index}: {wrong.mean():.1f} levels away"
        assert not plate.painted(7)[:, :100].any()


def test_what_is_no_plate_is_said(clip: Path, tmp_path: Path) -> None:
    def refused(path: Path, words: str) -> None:
        with open_clip(reference_for(clip, 1, 4)) as opened, pytest.raises(InputError, match=words):
            check_plate(Settings(plate=str(path)), opened)

    refused(tmp_path / "nowhere.png", "does not exist")
    write_picture(tmp_path / "small.png", view(0)[:60])
    refused(tmp_path / "small.png", "160x60 pixels, but the footage is 160x120")
    for frame in range(3):
        write_picture(tmp_path / "three" / f"p_{frame}.png", view(0))
    refused(tmp_path / "three", "has 3 frames, but 4 or 8 are needed")
    (tmp_path / "text.txt").write_text("no picture")
    refused(tmp_path / "text.txt", "text.txt")
