"""The character's outline through a camera, against Blender's own rays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from motionfollower_addon.core.rig.bone_maps import require
from motionfollower_addon.core.rig.outline.worker import Outlines
from motionfollower_addon.core.rig.retiming import RetimePlan
from motionfollower_addon.host.rig.bones import detect_armature
from motionfollower_addon.host.rig.motion_sampler import RigSampler, sample
from motionfollower_addon.host.rig.subdivision import POLYGONS, LowSubdivision
from tests.addon.rig.scenes import add_camera, look_at, metarig, scene_state, wave

SIZE = (320, 240)
FRAMES = (1.0, 14.5, 33.0)


def figure(bpy: Any) -> tuple[Any, Any]:
    """A moving rig with a skin before a camera."""
    from tests.addon.figure import add_skin

    rig = metarig(bpy)
    wave(bpy, rig, ["upper_arm.L", "thigh.R", "spine.003"], np.random.default_rng(0))
    skin = add_skin(rig)
    look_at(add_camera(bpy), (0, 0, 0.9), 4.5, 0.4)
    return rig, skin


def outlines(bpy: Any, rig: Any, size: tuple[int, int] = SIZE) -> Outlines | None:
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = size
    sampler = RigSampler(
        scene, rig, require(detect_armature(rig)), scene.camera, RetimePlan(FRAMES, ""), size,
        outline=True,
    )  # fmt: skip
    sample(sampler)
    return sampler.outlines


def agree(bpy: Any, found: Outlines | None, size: tuple[int, int] = SIZE, step: int = 3) -> None:
    """Every third pixel of every frame, but for those at the outline itself."""
    from tests.addon.figure import ray_pixels

    assert found is not None
    scene = bpy.context.scene
    down, across = np.mgrid[1 : size[1] : step, 1 : size[0] : step]
    pixels = np.stack([across.ravel(), down.ravel()], axis=1)
    for index, frame in enumerate(FRAMES):
        scene.frame_set(int(frame), subframe=frame % 1)
        hits = ray_pixels(scene, bpy.context.view_layer.depsgraph, size, pixels)
        mask = found.mask(index, size)
        assert mask.shape == (size[1], size[0])
        assert set(np.unique(mask)) == {0, 255}
        near = np.ones((3, 3), np.uint8)
        sure = cv2.dilate(mask, near) == cv2.erode(mask, near)
        ours, clear = (item[pixels[:, 1], pixels[:, 0]] > 0 for item in (mask, sure))
        assert 0.02 < hits.mean() < 0.6
        assert (ours == hits)[clear].all()
        assert (ours == hits).mean() > 0.995


CAMERAS: list[dict[str, Any]] = [
    {},
    {"type": "ORTHO", "ortho_scale": 3.5, "shift_x": 0.1},
    {"shift_x": 0.15, "shift_y": -0.1, "sensor_fit": "VERTICAL"},
]


@pytest.mark.parametrize("settings", CAMERAS)
def test_a_skinned_figure(empty_file: Any, settings: dict[str, Any]) -> None:
    rig, _ = figure(empty_file)
    for name, value in settings.items():
        setattr(empty_file.context.scene.camera.data, name, value)
    empty_file.context.scene.frame_set(7, subframe=0.25)
    before = scene_state(empty_file)
    found = outlines(empty_file, rig)
    assert scene_state(empty_file) == before
    agree(empty_file, found)


def test_a_moving_camera_and_modifiers(empty_file: Any) -> None:
    rig, skin = figure(empty_file)
    skin.modifiers.new("Subdivision", "SUBSURF").levels = 1
    camera = empty_file.context.scene.camera
    for frame, turn, lens in ((1, 0.0, 35), (33, 0.9, 60)):
        look_at(camera, (0, 0, 0.9), 4.5, turn)
        camera.data.lens = lens
        camera.keyframe_insert("location", frame=frame)
        camera.keyframe_insert("rotation_quaternion", frame=frame)
        camera.data.keyframe_insert("lens", frame=frame)
    agree(empty_file, outlines(empty_file, rig))


def test_what_hangs_on_bones_counts_and_the_rest_does_not(empty_file: Any) -> None:
    from tests.addon.figure import add_box, hang

    bpy = empty_file
    rig, _ = figure(bpy)
    sword = hang(add_box("Sword", (0, 0, 0), 0.15), rig, "hand.L")
    gem = add_box("Gem", (0, 0.3, 0), 0.08)
    gem.parent = sword
    agree(bpy, outlines(bpy, rig))

    plain = outlines(bpy, rig)
    assert plain is not None
    add_box("Wall", (0, 0.8, 1), 0.5)
    widget = hang(add_box("Widget", (0, 0, 0), 0.5), rig, "hand.R")
    rig.pose.bones["hand.R"].custom_shape = widget
    for name, value in (
        ("hide_render", True), ("hide_viewport", True), ("display_type", "WIRE"),
        ("display_type", "BOUNDS"), ("visible_camera", False),
    ):  # fmt: skip
        setattr(hang(add_box(name, (0, 0, 0), 0.4), rig, "hand.R"), name, value)
    hang(add_box("Eye", (0, 0, 0), 0.4), rig, "hand.R").hide_set(True)
    aside = bpy.data.collections.new("Aside")
    bpy.context.scene.collection.children.link(aside)
    aside.hide_render = True
    hang(add_box("Aside", (0, 0, 0), 0.4, aside), rig, "hand.R")
    again = outlines(bpy, rig)
    assert again is not None
    assert (again.bits == plain.bits).all()

    sword.hide_render = gem.hide_render = True
    fewer = outlines(bpy, rig)
    assert fewer is not None
    assert np.unpackbits(fewer.bits).sum() < np.unpackbits(plain.bits).sum() - 50


def test_a_rig_without_meshes_or_with_a_prop_alone_has_none(empty_file: Any) -> None:
    from tests.addon.figure import add_box, hang

    bpy = empty_file
    rig, skin = figure(bpy)
    bpy.data.objects.remove(skin)
    assert outlines(bpy, rig) is None
    hang(add_box("Sword", (0, 0, 0), 0.2), rig, "hand.L")
    assert outlines(bpy, rig) is None


def test_a_clip_of_another_shape(empty_file: Any) -> None:
    """Masks are in the clip's pixels, which may be many and upright."""
    rig, _ = figure(empty_file)
    size = (900, 1600)
    look_at(empty_file.context.scene.camera, (0, 0, 0.9), 6.0, 0.2)
    found = outlines(empty_file, rig, size)
    assert found is not None
    assert max(found.size) == 640
    agree_shrunk(empty_file, found, size)


def agree_shrunk(bpy: Any, found: Outlines, size: tuple[int, int]) -> None:
    from tests.addon.figure import ray_pixels

    random = np.random.default_rng(2)
    pixels = random.integers((0, 0), size, (4000, 2))
    bpy.context.scene.frame_set(1)
    hits = ray_pixels(bpy.context.scene, bpy.context.view_layer.depsgraph, size, pixels)
    mask = found.mask(0, size)
    ours = mask[pixels[:, 1], pixels[:, 0]] > 0
    near = np.ones((7, 7), np.uint8)
    sure = (cv2.dilate(mask, near) == cv2.erode(mask, near))[pixels[:, 1], pixels[:, 0]]
    assert hits.any()
    assert (ours == hits)[sure].all()
    assert (ours == hits).mean() > 0.99


@pytest.mark.parametrize("twice", [False, True])
def test_an_instanced_character(empty_file: Any, odd_path: Path, twice: bool) -> None:
    from tests.addon.figure import add_skin

    bpy = empty_file
    rig = metarig(bpy)
    wave(bpy, rig, ["upper_arm.L", "thigh.R"], np.random.default_rng(0))
    character = bpy.data.collections.new("Character")
    for other in list(rig.users_collection):
        other.objects.unlink(rig)
    character.objects.link(rig)
    add_skin(rig, collection=character)
    look_at(add_camera(bpy), (1, 2, 0.9), 5.0, 0.3)
    for x in (1.0, 30.0) if twice else (1.0,):
        empty = bpy.data.objects.new("Instance", None)
        bpy.context.scene.collection.objects.link(empty)
        empty.instance_type, empty.instance_collection = "COLLECTION", character
        empty.location = (x, 2.0, 0.0)
    bpy.context.view_layer.update()
    agree(bpy, outlines(bpy, rig))


def test_a_mesh_removed_midway(empty_file: Any) -> None:
    from tests.addon.figure import add_box, hang

    bpy = empty_file
    rig, _ = figure(bpy)
    sword = hang(add_box("Sword", (0, 0, 0), 0.2), rig, "hand.L")
    scene = bpy.context.scene
    with RigSampler(
        scene, rig, require(detect_armature(rig)), scene.camera, RetimePlan(FRAMES, ""), SIZE,
        outline=True,
    ) as sampler:  # fmt: skip
        while sampler.done < 1:
            sampler.step()
        bpy.data.objects.remove(sword)
        while not sampler.step():
            pass
        assert sampler.outlines is not None


def test_subdivision_beyond_need_is_lowered_and_put_back(empty_file: Any) -> None:
    rig, skin = figure(empty_file)
    modifier = skin.modifiers.new("Subdivision", "SUBSURF")
    modifier.levels = needed = 1
    while len(skin.data.polygons) * 4 ** (needed + 1) <= POLYGONS:
        needed += 1
    modifier.levels = needed + 1
    scene = empty_file.context.scene
    sampler = RigSampler(
        scene, rig, require(detect_armature(rig)), scene.camera, RetimePlan(FRAMES, ""), SIZE,
        outline=True,
    )  # fmt: skip
    while not sampler.done:
        sampler.step()
    assert modifier.levels == needed
    skin.modifiers.new("More", "SUBSURF").levels = 0
    sampler.close()
    assert modifier.levels == needed + 1
    found = outlines(empty_file, rig)
    assert modifier.levels == needed + 1
    agree(empty_file, found, step=7)


def test_a_mesh_that_is_gone_does_not_keep_the_others_from_being_put_back(empty_file: Any) -> None:
    from tests.addon.figure import add_object

    corners = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
    meshes = [add_object(name, corners, [(0, 1, 2)]) for name in ("One", "Two", "Three")]
    for item in meshes:
        item.modifiers.new("Subdivision", "SUBSURF").levels = 11
    low = LowSubdivision(meshes)
    assert [item.modifiers[0].levels for item in meshes] == [7, 7, 7]
    empty_file.data.objects.remove(meshes[0])
    meshes[1].modifiers.clear()
    low.close()
    assert meshes[2].modifiers[0].levels == 11
