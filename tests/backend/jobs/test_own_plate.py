"""A job with the user's own plate."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.request import PlateFit
from tests.backend.jobs.runs import run
from tests.backend.tiny_job import backend, make_job, write_picture

SIZE = (96, 128)


def test_the_plate_shows_where_the_actor_left(odd_path: Path) -> None:
    plate = odd_path / "plate.png"
    write_picture(plate, np.full((*SIZE[::-1], 3), (250, 20, 240), np.uint8))
    more = {"plate": str(plate), "plate_fit": PlateFit.AS_IS, "shadow": "keep"}
    job = make_job(odd_path, count=4, **more)
    assert run(job).code == 0
    made = load_conditions(job.conditions)
    for index in (3, 1):
        target = cv2.dilate(made.grey("target_masks", index), np.ones((19, 19), np.uint8))
        left = (made.grey("source_masks", index) >= 128) & (target < 128)
        assert left.sum() > 5
        assert (read_image(job.frame(index))[left] == (250, 20, 240)).all()
    assert run(job).again() == []
    # Another plate at the same place is another picture, and nothing but the frames is made again.
    write_picture(plate, np.full((*SIZE[::-1], 3), (30, 220, 240), np.uint8))
    assert run(job).again()[0] == "render"
    assert (read_image(job.frame(1))[left] == (30, 220, 240)).all()
    small = odd_path / "small.png"
    write_picture(small, np.zeros((50, 96, 3), np.uint8))
    ran = backend("run", str(job.path), "--plate", str(small), "--plate-fit", "registered")
    assert ran.returncode == 2 and "96x50 pixels, but the footage is 96x128" in ran.stderr
