"""Tuning to the footage without a window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import cv2
import pytest

from mf_backend.clip import write_png
from mf_backend.clip.image_folder import scan
from mf_backend.clip.picture_file import read_image
from tests.addon.run.test_command_line import run
from tests.addon.scenes import add_footage


@pytest.mark.once("learning is the backend's")
@pytest.mark.slow
def test_the_engine_learns_the_footage(
    session: Any, odd_path: Path, shared: Path, capfd: Any
) -> None:
    from motionfollower_addon.host.view.actor import stored

    for index, file in enumerate(scan(shared / "clips/case-1/source_images").files[:8]):
        small = cv2.resize(read_image(file), (128, 128), interpolation=cv2.INTER_AREA)
        write_png(odd_path / "walk" / f"frame_{index}.png", small)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    add_footage(scene, odd_path / "walk", start=1)
    bpy.ops.wm.save_as_mainfile(filepath=str(odd_path / "walk.blend"))
    code, _, err = run(capfd, "tune", "--engine", "sample", "--tuning-steps", "0")
    assert code == 2 and "--tuning-steps" in err
    code, out, err = run(capfd, "tune", "--engine", "sample", "--tuning-steps", "2", "--json")
    assert code == 0, out + err
    (told,) = json.loads(out)["shots"]
    adapter = Path(told["adapter"])
    assert adapter.is_file() and adapter.stem == "sample"
    assert adapter.is_relative_to(odd_path / "motionfollower" / "actors")
    assert told["before"] > 1 and told["after"] > 1
    stored.forget()
    actor = stored.find(bpy.context.scene)
    assert actor is not None and actor.tuned == {"sample"}
