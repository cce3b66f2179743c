"""The actor by true clicks in real Blender windows: two people, the second chosen, mended, filmed.

The pictures are kept in out/window/VERSION/ to be looked at.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.clip import write_png
from mf_backend.clip.image_folder import scan
from mf_backend.clip.picture_file import read_image
from tests.blender.conftest import SCRIPTS, Blender
from tests.blender.screen import last_words

pytestmark = pytest.mark.slow

FRAMES, SIDE, CUT = 3, 256, 40
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
    blender.script("shots/make_scene.py", odd_path, str(FRAMES))
    out = repository / "out" / "window" / blender.version
    out.mkdir(parents=True, exist_ok=True)
    (out / "notes.json").unlink(missing_ok=True)
    with tempfile.TemporaryFile() as log:
        process = blender.start(
            "--window-geometry", "0", "0", "1280", "800", "--enable-event-simulate",
            odd_path / "shöt 1.blend", "--python", SCRIPTS / "window/actor.py",
            "--", "actor", out, *(str(side) for side in SIZE),
            env={"DISPLAY": display}, stderr=log,
        )  # fmt: skip
        told = last_words(process, 900)
        log.seek(0)
        errors = log.read().decode(errors="replace")
    assert "Traceback" not in errors, errors[-3000:]
    notes = json.loads((out / "notes.json").read_text(encoding="utf-8")) if told else {}
    assert "error" not in notes, notes["error"]

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
    assert notes["stage"] == "DONE" and notes["actor"][0] == notes["actor"][1]
    # The take did not look for joints or masks anew.
    assert notes["timings"]["joints"] + notes["timings"]["masks"] < 0.5 * sum(notes["seconds"])
