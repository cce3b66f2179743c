"""Wrong input gets one clear sentence, and nothing in the scene changes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.addon.scenes import add_rig, strips


def no_armature(scene: Any) -> None:
    bpy.data.objects.remove(bpy.data.objects["Rig"])


def no_action(scene: Any) -> None:
    bpy.data.objects["Rig"].animation_data_clear()


def no_camera(scene: Any) -> None:
    bpy.data.objects.remove(scene.camera)


def no_footage(scene: Any) -> None:
    strips(scene).remove(strips(scene)["footage"])


def strip_gone(scene: Any) -> None:
    scene.motionfollower.strip = "nö such strip"


def two_rigs_that_move(scene: Any) -> None:
    from tests.addon.scenes import add_action

    add_action(add_rig(scene, "Other"), "Other", 6)


def file_gone(scene: Any) -> None:
    shutil.rmtree(bpy.path.abspath(strips(scene)["footage"].directory))


def range_backwards(scene: Any) -> None:
    settings = scene.motionfollower
    settings.range_source, settings.range_start, settings.range_end = "CUSTOM", 9, 3


def all_skipped(scene: Any) -> None:
    scene.motionfollower.first = 100


def unmapped_rig(scene: Any) -> None:
    for bone in bpy.data.objects["Rig"].data.bones:
        bone.name = "x" + bone.name[::-1]
    bpy.data.objects["Rig"].data.bones["xspiH"].use_deform = True
    scene.motionfollower.bone_map = "mixamo"


def lengths_differ(scene: Any) -> None:
    scene.motionfollower.retime = "error"
    scene.motionfollower.range_source = "CUSTOM"
    scene.motionfollower.range_start, scene.motionfollower.range_end = 1, 3


def camera_looks_away(scene: Any) -> None:
    scene.camera.rotation_euler = (-1.57, 0, 0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_armature, "has no armature"),
        (no_action, "has no action"),
        (no_camera, "no camera"),
        (no_footage, "Add the clip to the Sequencer"),
        (strip_gone, "There is no strip named 'nö such strip'"),
        (two_rigs_that_move, "several armatures: Rig, Other"),
        (file_gone, "which is not there"),
        (range_backwards, "ends (frame 3) before it starts (frame 9)"),
        (all_skipped, "No frame is left"),
        (unmapped_rig, "has no bone for"),
        (lengths_differ, "is set to refuse that"),
        (camera_looks_away, "never sees the rig"),
    ],
)
def test_one_sentence_and_no_change(
    scene: Any, odd_path: Path, spoil: Callable[[Any], None], words: str
) -> None:
    spoil(scene)
    before = sorted(strip.name for strip in strips(scene))
    scene.frame_set(3)
    action = bpy.data.objects["Rig"].animation_data if "Rig" in bpy.data.objects else None

    with pytest.raises(RuntimeError) as caught:
        bpy.ops.motionfollower.render()

    text = str(caught.value)
    assert words in text
    assert "Traceback" not in text
    assert sorted(strip.name for strip in strips(scene)) == before
    assert scene.frame_current == 3
    if action is not None:
        assert action.action is not None
    assert not (odd_path / "motionfollower").exists(), "no job folder for a job that never was"


def test_masks_of_another_size_fail_in_the_backend_and_keep_the_log(
    scene: Any, odd_path: Path
) -> None:
    import cv2
    import numpy as np

    for path in (odd_path / "footage/masks").iterdir():
        path.write_bytes(cv2.imencode(".png", np.zeros((10, 10), np.uint8))[1].tobytes())

    with pytest.raises(RuntimeError) as caught:
        bpy.ops.motionfollower.render()

    assert "10" in str(caught.value)
    log = next((odd_path / "motionfollower").glob("*/log.txt"))
    assert log.stat().st_size > 0


def test_a_missing_backend_is_named(scene: Any, session: Any, monkeypatch: Any) -> None:
    session.close_backend()
    monkeypatch.delenv("MOTIONFOLLOWER_BACKEND_PYTHON")

    with pytest.raises(RuntimeError, match="press Install Backend in the preferences"):
        bpy.ops.motionfollower.render()

    monkeypatch.setenv("MOTIONFOLLOWER_BACKEND_PYTHON", "/nö/python")
    with pytest.raises(RuntimeError, match="Python is no longer at"):
        bpy.ops.motionfollower.render()


def test_a_python_without_the_backend_is_named(
    scene: Any, session: Any, monkeypatch: Any, odd_path: Path
) -> None:
    import venv

    session.close_backend()
    venv.create(odd_path / "empty env", with_pip=False)
    monkeypatch.setenv("MOTIONFOLLOWER_BACKEND_PYTHON", str(odd_path / "empty env"))

    with pytest.raises(RuntimeError, match="The backend is not installed in"):
        bpy.ops.motionfollower.render()
    session.close_backend()
