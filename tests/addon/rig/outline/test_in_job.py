"""The character's outline in a job: written by the add-on, used by the real backend."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
import pytest

from mf_backend.skeleton.joints import BODY
from motionfollower_addon.core.job.order import Goal, Order
from motionfollower_addon.core.rig.outline import worker
from tests.addon.figure import add_box, add_skin, hang
from tests.addon.scenes import SIZE, strips

HIPS = (8, 11)


def folder_of(scene: Any) -> Path:
    takes = [strip for strip in strips(scene) if "motionfollower_job" in strip]
    return Path(json.loads(takes[-1]["motionfollower"])["folder"])


def request_of(folder: Path) -> Any:
    return json.loads((folder / "job.json").read_text(encoding="utf-8"))


def read_grey(path: Path) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED))


def quality(folder: Path) -> Any:
    (path,) = folder.rglob("quality/target_mask.json")
    return json.loads(path.read_text(encoding="utf-8"))


def lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let outlines be drawn later than their frames are read, as on a busy machine."""
    fill = worker.fill

    def late(*arguments: Any) -> np.ndarray:
        time.sleep(0.1)
        return fill(*arguments)

    monkeypatch.setattr(worker, "fill", late)


def test_masks_go_with_the_joints_and_are_used(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add_skin(scene.objects["Rig"], 0.09)
    lag(monkeypatch)
    before = [(item.name, item.hide_viewport, item.hide_render) for item in scene.objects]

    assert bpy.ops.motionfollower.render() == {"FINISHED"}

    assert before == [(item.name, item.hide_viewport, item.hide_render) for item in scene.objects]
    folder = folder_of(scene)
    assert request_of(folder)["target"]["character_masks"] == "inputs/character_masks"
    with np.load(folder / "inputs/target_joints.npz") as data:
        joints = data["target"]
    files = sorted((folder / "inputs/character_masks").iterdir())
    assert [file.name for file in files] == [f"frame_{index}.png" for index in range(6)]
    for index, file in enumerate(files):
        mask = read_grey(file)
        assert mask.shape == SIZE[::-1]
        assert mask.dtype == np.uint8
        assert set(np.unique(mask)) == {0, 255}
        # Hips are marked above the heads of the thighs, where this thin skin has nothing.
        limbs = [joint for joint in range(1, 14) if joint not in HIPS]
        body = joints[index, BODY][limbs].round().astype(int)
        assert mask[body[:, 1], body[:, 0]].mean() > 0.9 * 255, "the joints lie in the mask"
    told = quality(folder)
    assert told["from"] == "given masks"
    assert told["refused"] == {}


@pytest.mark.once("what the backend makes of masks; that they are drawn is tested in all")
def test_the_shape_moves_the_target_mask(scene: Any) -> None:
    """A cloak makes the region wider than the actor alone."""
    areas = []
    for thickness in (0.09, 0.3):
        skin = add_skin(scene.objects["Rig"], thickness)
        bpy.ops.motionfollower.render()
        areas.append(quality(folder_of(scene))["mean_area"])
        bpy.data.objects.remove(skin)
    assert areas[1] > 1.05 * areas[0]


@pytest.mark.once("a choice among names, settings and files; that masks are drawn is tested in all")
@pytest.mark.parametrize("how", ["switched off", "no meshes", "a prop alone", "own masks"])
def test_jobs_without_the_outline(scene: Any, odd_path: Path, how: str) -> None:
    if how == "switched off":
        add_skin(scene.objects["Rig"])
        scene.motionfollower.outline = False
    elif how == "a prop alone":
        hang(add_box("Sword", (0, 0, 0), 0.1), scene.objects["Rig"], "LeftHand")
    elif how == "own masks":
        add_skin(scene.objects["Rig"])
        from motionfollower_addon.core.job.shot import make_shot
        from motionfollower_addon.host.panel_shot import to_shot
        from motionfollower_addon.host.run.session import current

        masks = str(odd_path / "footage/masks")
        shot = make_shot({"target_masks": masks}, "the test", to_shot(scene))
        flow = current().make_flow(shot)
        flow.run()
        assert flow.folder is not None
        assert not (flow.folder / "inputs/character_masks").exists()
        return
    bpy.ops.motionfollower.render()
    folder = folder_of(scene)
    assert request_of(folder)["target"]["character_masks"] == ""
    assert not (folder / "inputs/character_masks").exists()
    assert quality(folder)["from"] == "the actor's widths and parts"


def test_skeletons_alone_need_no_masks(scene: Any) -> None:
    from motionfollower_addon.host.panel_shot import to_shot
    from motionfollower_addon.host.run.session import current

    add_skin(scene.objects["Rig"])
    flow = current().make_flow(to_shot(scene), order=Order(Goal.SKELETONS))
    flow.run()
    assert flow.folder is not None
    assert not (flow.folder / "inputs/character_masks").exists()


def test_the_panel_knows_whether_there_are_meshes(scene: Any) -> None:
    from motionfollower_addon.host.rig import meshes

    rig = scene.objects["Rig"]
    assert not meshes.has_meshes(scene, rig)
    skin = add_skin(rig)
    assert meshes.has_meshes(scene, rig)
    skin.hide_render = True
    assert not meshes.Family(rig).shows(skin)
    assert not meshes.has_meshes(scene, None)


def test_command_line_switch() -> None:
    from motionfollower_addon.command_line import parser

    for words, value in (([], None), (["--no-outline"], False), (["--outline"], True)):
        assert parser().parse_args(["render", *words]).outline is value


def test_a_list_of_shots_can_switch_it_off() -> None:
    from mf_backend.contracts.errors import InputError
    from motionfollower_addon.core.job.shot import make_shot

    assert make_shot({}, "the list").outline
    assert not make_shot({"outline": False}, "the list").outline
    with pytest.raises(InputError, match="true or false"):
        make_shot({"outline": "no"}, "the list")
