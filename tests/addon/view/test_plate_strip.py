"""The plate over the footage in the Sequencer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from mf_backend.actor.plate.kept import kept_plate
from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.progress import NullReporter
from mf_backend.jobs.analysis.findings import DiskFindings
from motionfollower_addon.host.footage import source
from motionfollower_addon.host.view.actor import stored
from tests.addon.scenes import every_strip, strips
from tests.addon.view.test_choose_person import COUNT, SIZE, two_people  # noqa: F401 - a fixture
from tests.backend.memory_clip import Frames


def keep_plate(findings: Path, step: int) -> np.ndarray:
    """What a take leaves of a set that a camera pans over by `step` pixels a frame."""
    width, height = SIZE
    wide = np.random.default_rng(2).integers(0, 255, (height, width + 40, 3), dtype=np.uint8)
    wide = np.repeat(np.repeat(wide[::8, ::8], 8, axis=0), 8, axis=1)
    frames = [wide[:height, i * step : i * step + width] for i in range(COUNT)]
    empty = np.zeros((height, width), np.uint8)
    kept_plate(Frames(frames), lambda i: empty, NullReporter(), DiskFindings(findings, 0))
    return frames[0]


def test_a_still_plate_lies_over_the_footage(two_people: Any) -> None:  # noqa: F811
    scene = two_people
    actor = stored.find(scene)
    assert actor is not None
    with pytest.raises(RuntimeError, match="Render a take first"):
        bpy.ops.motionfollower.plate_strip()
    picture = keep_plate(actor.folder.findings, 0)
    for _ in range(2):
        assert bpy.ops.motionfollower.plate_strip() == {"FINISHED"}
    (plate,) = [s for s in every_strip(scene) if s.get("motionfollower_plate")]
    assert plate.mute and (plate.frame_final_start, plate.frame_final_duration) == (11, COUNT)
    (name,) = {item.filename for item in plate.elements}
    file = Path(bpy.path.abspath(plate.directory)) / name
    assert np.array_equal(read_image(file), picture)
    assert source.footage_strips(scene) == [strips(scene)["footage"]]


def test_a_plate_of_a_moving_camera_is_refused_in_a_sentence(two_people: Any) -> None:  # noqa: F811
    actor = stored.find(two_people)
    assert actor is not None
    keep_plate(actor.folder.findings, 8)
    with pytest.raises(RuntimeError, match="The camera moves"):
        bpy.ops.motionfollower.plate_strip()
