"""Analysing the footage's actor from Blender, and takes that use what was found."""

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
from mf_backend.contracts.conditions import JointState
from motionfollower_addon.core.view.state_colours import state_strokes
from motionfollower_addon.host.footage import source
from tests.addon.run.test_command_line import run
from tests.addon.scenes import (
    add_action,
    add_camera,
    add_footage,
    add_rig,
    every_strip,
    strips,
)
from tests.backend.tiny_job import backend

COUNT = 4
SIZE = (256, 256)


@pytest.fixture
def walk(session: Any, odd_path: Path, shared: Path) -> Any:
    """A saved file whose footage shows a person, of whom nothing is given."""
    files = scan(shared / "clips/case-1/source_images").files[:COUNT]
    for index, file in enumerate(files):
        small = cv2.resize(read_image(file), SIZE, interpolation=cv2.INTER_AREA)
        write_png(odd_path / "walk" / f"frame_{index}.png", small)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 24
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    rig = add_rig(scene)
    add_action(rig, "Low", COUNT, lift=0.4)
    add_action(rig, "High", COUNT)
    add_camera(scene)
    add_footage(scene, odd_path / "walk", start=1)
    bpy.ops.wm.save_as_mainfile(filepath=str(odd_path / "walk.blend"))
    return scene


def look_at(scene: Any, folder: Path) -> None:
    """What panels and views have of an analysed actor."""
    from motionfollower_addon.host.view.actor import stored

    stored.forget()
    actor = stored.find(scene)
    assert actor is not None and actor.folder.path == folder
    assert actor.frames.tolist() == list(range(COUNT)) and actor.size == SIZE
    assert (actor.states[:, 1] == JointState.FOUND).all()
    assert stored.scene_frame(scene, actor, 2) == 3
    assert stored.clip_frame(scene, actor, 3.0) == 2
    assert actor.row(7) is None
    assert bpy.ops.motionfollower.actor_look(frame=2) == {"FINISHED"}
    assert scene.frame_current == 3
    colours = state_strokes(actor.joints[0].astype(float), actor.states[0], 1.0)
    assert len(colours.limbs) == len(colours.limb_colours) > 0
    assert len(colours.discs) == len(colours.disc_colours) > 0
    assert len(colours.hands) == len(colours.hand_colours)
    for _ in range(2):
        assert bpy.ops.motionfollower.actor_matte() == {"FINISHED"}
    (matte,) = [s for s in every_strip(scene) if s.get("motionfollower_matte")]
    assert matte.mute and (matte.frame_final_start, matte.frame_final_duration) == (1, COUNT)
    assert [item.filename for item in matte.elements] == [f"frame_{i}.png" for i in range(COUNT)]
    assert Path(bpy.path.abspath(matte.directory)).parent == folder
    assert source.footage_strips(scene) == [strips(scene)["footage"]]
    made = stored.material(scene, actor)
    assert (made.first, made.count, made.frames) == (0, COUNT, (1.0, 2.0, 3.0, 4.0))
    (folder / "actor.json").rename(folder / "elsewhere.json")
    stored.forget()
    assert stored.find(scene) is None
    (folder / "elsewhere.json").rename(folder / "actor.json")


@pytest.mark.once("the store is the backend's")
@pytest.mark.slow
def test_several_takes_analyse_once(walk: Any, odd_path: Path, capfd: Any) -> None:
    code, out, _ = run(capfd, "analyse")
    assert code == 0, out
    root = odd_path / "motionfollower" / "actors"
    (actor,) = root.iterdir()
    assert f": analysed, {actor}" in out
    assert actor.name.startswith("walk-")
    findings = {p: p.stat().st_mtime_ns for p in (actor / "findings").rglob("*.npz")}
    assert len([p for p in findings if p.parent.name == "matte-rvm"]) == COUNT

    look_at(bpy.context.scene, actor)

    code, out, _ = run(capfd, "render", "--action", "Low", "High")
    assert code == 0, out
    reports = sorted((odd_path / "motionfollower").glob("*/report.json"))
    assert len(reports) == 2
    for path in reports:
        report = json.loads(path.read_text(encoding="utf-8"))
        assert report["actor"]["folder"] == str(actor)
        before = sum(report["timings_seconds"][stage] for stage in ("joints", "masks"))
        assert before < report["timings_seconds"]["render"]
    assert list(root.iterdir()) == [actor]
    assert {p: p.stat().st_mtime_ns for p in findings} == findings


def test_what_is_given_is_not_analysed(scene: Any, capfd: Any) -> None:
    code, _, err = run(capfd, "analyse")
    assert code == 2
    assert "own files are given" in err


@pytest.mark.once("the store is the backend's")
@pytest.mark.slow
def test_a_packed_job_takes_its_actor_along(walk: Any, odd_path: Path, capfd: Any) -> None:
    assert run(capfd, "analyse")[0] == 0
    (actor,) = (odd_path / "motionfollower" / "actors").iterdir()
    jobs = odd_path / "carried"
    code, out, _ = run(capfd, "prepare", "--pack", "--action", "Low", "--output", str(jobs))
    assert code == 0, out
    packed = jobs / "1" / "inputs" / "packed" / "actors"
    assert [item.name for item in packed.iterdir()] == [actor.name]
    away = odd_path / "other host"
    jobs.rename(away)
    (odd_path / "motionfollower").rename(odd_path / "gone")
    (odd_path / "walk").rename(odd_path / "walk gone")
    done = backend("run", str(away / "1"), "--until", "masks")
    assert done.returncode == 0, done.stderr
    log = (away / "1" / "log.txt").read_text(encoding="utf-8")
    assert "stage masks: done" in log and "not-kept" not in log
    kept = away / "1" / "inputs" / "packed" / "actors" / actor.name
    for name in ("masks/frame_1.png", "joints.npz"):
        assert (kept / name).read_bytes() == (
            odd_path / "gone/actors" / actor.name / name
        ).read_bytes()
    assert not (odd_path / "motionfollower").exists()
