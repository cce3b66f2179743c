"""The actor by true clicks in real Blender windows: two people, the second chosen, mended, given a
plate of the user's own, filmed.

The pictures are kept in out/window/VERSION/ to be looked at.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from devtools import blender_window
from devtools.blender_window import Script
from devtools.real_blender import Blender
from mf_backend.clip import write_png
from mf_backend.clip.image_folder import scan
from mf_backend.clip.picture_file import read_grey, read_image
from mf_backend.contracts.request import read_request
from mf_backend.jobs.disk.folder import JobFolder
from tests.blender.conftest import SCRIPTS

pytestmark = pytest.mark.slow

FRAMES, SIDE, CUT = 3, 256, 40
MENDED, NEAR = 1, 15
"""The frame that the Mask touches; the width of what counts as near the actor, in pixels."""
TAKES = ("first-take", "second-take")
SIZE = (2 * (SIDE - 2 * CUT), SIDE)


def write_two_people(folder: Path, shared: Path) -> None:
    """Pictures of two people of the reference clips beside each other."""
    cases = [scan(shared / f"clips/{name}/source_images").files for name in ("case-3", "case-6")]
    folder.mkdir(parents=True)
    for index in range(FRAMES):
        halves = [
            cv2.resize(read_image(files[index]), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            for files in cases
        ]
        picture = np.hstack([half[:, CUT:-CUT] for half in halves])
        write_png(folder / f"frame_{index}.png", picture)


def test_the_second_of_two_people(
    blender: Blender, display: str, odd_path: Path, shared: Path, repository: Path
) -> None:
    write_two_people(odd_path / "footage" / "clip", shared)
    blender.script(SCRIPTS / "shots/make_scene.py", odd_path, str(FRAMES))
    out = repository / "out" / "window" / blender.version
    arguments = ("actor", out, *(str(side) for side in SIZE))
    script = Script(SCRIPTS / "window/actor.py", arguments, out / "notes.json")
    played = blender_window.start(blender, display, odd_path / "shöt 1.blend", script).end(900)
    assert "Traceback" not in played.told, played.told[-3000:]
    notes = played.notes

    assert notes["first"] == notes["second"] == ["DONE", ""]
    assert (notes["first-folders"], notes["second-folders"]) == (1, 2)
    assert notes["people"] == [1, 2] and notes["missed"] == ""
    ((frame, x, y),) = notes["chosen"]
    assert frame == 1 and [x, y] == pytest.approx(notes["middle"], abs=0.1) and x > SIZE[0] / 2
    assert notes["not-known-yet"]
    # The second person's outline is orange, wherever the footage is shown.
    for name in ("outline", "outline-IMAGE_EDITOR", "outline-SEQUENCE_EDITOR"):
        red, green, blue = notes[name]
        assert red > 180 and blue < 120 and red > green > blue, (name, notes[name])
    assert notes["turned"] > 0.05 and notes["mended"] == [1]
    assert notes["again"] == [notes["chosen"], [1]]
    assert notes["mask"] == "Hand-drawn" and notes["roles"] == {"hole": "cut"}
    assert (notes["plate"], notes["plate-fit"]) == ("//set.png", "as-is")
    first, second = (JobFolder(Path(notes[name]["folder"])) for name in TAKES)
    check_takes(notes, first, second)
    check_mended_mask(notes, second)
    check_plate(odd_path / "set.png", second)


def check_takes(notes: dict[str, Any], first: JobFolder, second: JobFolder) -> None:
    """Both are of the actor as he was found; only the second has what was mended after it."""
    for name, job in zip(TAKES, (first, second), strict=True):
        assert notes[name]["stage"] == "DONE"
        report = json.loads(job.report.read_text(encoding="utf-8"))
        assert report["actor"]["folder"] == notes["actor"]
        # No take looked for joints or masks anew.
        seconds = report["timings_seconds"]
        assert seconds["joints"] + seconds["masks"] < 0.5 * sum(notes["seconds"])
    asked = [read_request(job.request).settings.plate for job in (first, second)]
    assert asked == ["", str(first.path.parents[1] / "set.png")]


def check_mended_mask(notes: dict[str, Any], job: JobFolder) -> None:
    """The take's mask has the drawn hole on its frame, and is as it was found everywhere else."""
    x, y, radius = notes["drawn"]
    for frame in range(FRAMES):
        found = read_grey(Path(notes["actor"]) / f"masks/frame_{frame}.png")
        used = read_grey(job.conditions / f"source_masks/frame_{frame}.png")
        rows, columns = np.nonzero(found != used)
        if frame != MENDED:
            assert len(rows) == 0
            continue
        assert len(rows) > 0.9 * np.pi * radius**2 and not used[rows, columns].any()
        assert np.hypot(columns - x, rows - y).max() < radius + 1


def check_plate(plate: Path, job: JobFolder) -> None:
    """Where the actor was and is no more, the take shows the user's plate, pixel for pixel; near
    where he is now his hair and his shadow may lie over it."""
    own, kernel = read_image(plate), np.ones((NEAR, NEAR), np.uint8)
    for frame, path in enumerate(scan(job.frames).files):
        was = read_grey(job.conditions / f"source_masks/frame_{frame}.png")
        will = read_grey(job.conditions / f"target_masks/frame_{frame}.png")
        left = (was == 255) & (cv2.dilate(will, kernel) == 0)
        same = (read_image(path)[left] == own[left]).all(axis=-1)
        # The footage has the plate's colours nowhere.
        assert len(same) > 400 and same.mean() > 0.9
