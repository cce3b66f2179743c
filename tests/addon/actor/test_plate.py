"""Looking at the plate that takes recovered."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest

from mf_backend.actor.plate.kept import kept_plate
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.progress import NullReporter
from mf_backend.jobs.analysis.findings import DiskFindings
from tests.backend.memory_clip import Frames


def test_the_plate_becomes_an_image(shot: Any, tmp_path: Path) -> None:
    from motionfollower_addon.host.view.actor import plate_image

    with pytest.raises(RuntimeError, match="not analysed yet"):
        bpy.ops.motionfollower.plate_show()
    folder = ActorFolder(tmp_path)
    actor: Any = SimpleNamespace(folder=folder, clip=Path("/clips/wälk.mp4"))
    with pytest.raises(InputError, match="Render a take first"):
        plate_image.load(actor)
    picture = np.random.default_rng(2).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    clip = Frames([picture] * 3)
    plate = kept_plate(clip, lambda i: np.zeros((48, 64), np.uint8), NullReporter(),
                       DiskFindings(folder.findings, 0))  # fmt: skip
    assert np.array_equal(plate.lit(0, picture, np.zeros((48, 64), bool)), picture)
    image = plate_image.load(actor)
    assert image.name == "wälk plate" and tuple(image.size) == (64, 48)
    seen = np.array(image.pixels[:]).reshape(48, 64, 4)[::-1, :, :3]
    assert np.abs(seen * 255 - picture).max() < 0.6
    assert plate_image.load(actor) == image
    assert not plate_image.show(SimpleNamespace(screen=None), image)
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    before, area.type = area.type, "IMAGE_EDITOR"
    try:
        assert plate_image.show(SimpleNamespace(screen=area.id_data), image)
        assert area.spaces.active.image == image
    finally:
        area.spaces.active.image = None
        area.type = before
