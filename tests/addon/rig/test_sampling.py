"""Joints of real rigs against their bones, projected by Blender itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from mf_backend.contracts.errors import InputError
from mf_backend.skeleton.joints import JOINT_INDEX
from motionfollower_addon.core.rig.bone_maps import require
from motionfollower_addon.core.rig.joints.compose import compose
from motionfollower_addon.core.rig.joints.projection import project
from motionfollower_addon.core.rig.joints.visibility import FACE
from motionfollower_addon.core.rig.mapping import Anchor, End, Mapping, other_side
from motionfollower_addon.core.rig.retiming import RetimePlan
from motionfollower_addon.host.compat import evaluated_depsgraph
from motionfollower_addon.host.rig.bones import detect_armature
from motionfollower_addon.host.rig.camera import read_camera
from motionfollower_addon.host.rig.joints import RigReader
from motionfollower_addon.host.rig.motion_sampler import RigSampler, sample

from .scenes import add_camera, generated_rig, import_bvh, look_at, metarig, open_scene, wave

SIZE = (512, 512)


def expected_pixels(bpy: Any, rig: Any, anchor: Anchor, camera: Any, world: Any) -> np.ndarray:
    """Where Blender itself puts a bone's end."""
    from bpy_extras.object_utils import world_to_camera_view

    posed = rig.evaluated_get(evaluated_depsgraph(bpy.context))
    bone = posed.pose.bones[anchor.bone]
    place = (world or posed.matrix_world) @ (bone.head if anchor.end is End.HEAD else bone.tail)
    x, y, _ = world_to_camera_view(bpy.context.scene, camera, place)
    return np.array([x * SIZE[0] - 0.5, (1 - y) * SIZE[1] - 0.5])


def worst_distance(
    bpy: Any, rig: Any, mapping: Mapping, shots: int, last: float, world: Any = None
) -> tuple[float, int]:
    """(largest distance in pixels, joints compared) over random frames and cameras."""
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    camera = scene.camera or add_camera(bpy)
    random = np.random.default_rng(11)
    worst, compared = 0.0, 0
    height = float(np.linalg.norm(np.array(rig.dimensions))) or 2.0
    scale = abs(rig.matrix_world.to_scale()[0]) / max(abs(rig.scale[0]), 1e-9)
    size = max(height * scale, 0.5)
    mirrored = (world or rig.matrix_world).determinant() < 0
    for _ in range(shots):
        centre = (world or rig.matrix_world).translation
        look_at(camera, centre, 2.5 * size, random.uniform(-np.pi, np.pi), random.uniform(0, 0.4))
        camera.data.lens = random.uniform(25, 60)
        frame = float(random.uniform(1, last))
        plan = RetimePlan((frame,), "")
        with RigSampler(scene, rig, mapping, camera, plan, SIZE) as sampler:
            sampler.step()
            graph = evaluated_depsgraph(bpy.context)
            reader, seen = RigReader(rig, mapping), read_camera(camera, graph)
            joints, placed = sampler.joints[0], sampler.positions[0]
            assert np.allclose(
                joints, compose(reader.read(graph), seen, SIZE), atol=0.02, equal_nan=True
            )
            across = placed[:, :2] / placed[:, 2:] * camera.data.lens / 36 * max(SIZE)
            off = across + np.array(SIZE) / 2 - 0.5 - joints
            # The neck is the middle of the shoulders in space here, in the picture there.
            assert np.nanmax(np.abs(np.delete(off, 1, axis=0))) < 0.05
            at_bones, _ = project(reader.read_bones(graph).joints, seen, SIZE)
            for joint, anchor in mapping.joints.items():
                if joint not in JOINT_INDEX or anchor.end is End.TIP:
                    continue
                shown = other_side(joint) if mirrored else joint
                if np.isnan(joints[JOINT_INDEX[shown]]).any():
                    assert shown in FACE, f"{shown} is absent"
                    continue
                ours = at_bones[JOINT_INDEX[shown]]
                theirs = expected_pixels(bpy, rig, anchor, camera, world)
                worst = max(worst, float(np.abs(ours - theirs).max()))
                compared += 1
    return worst, compared


def check(bpy: Any, rig: Any, family: str, last: float = 60, shots: int = 50) -> None:
    detection = detect_armature(rig)
    assert detection.mapping.family == family, detection.scores
    mapping = require(detection)
    worst, compared = worst_distance(bpy, rig, mapping, shots, last)
    print(f"\n{family}: {compared} joints, worst {worst:.4f} px")
    assert compared >= shots * 12
    assert worst < 0.5


def test_metarig(empty_file: Any) -> None:
    rig = metarig(empty_file)
    wave(empty_file, rig, ["upper_arm.L", "thigh.R", "spine.003"], np.random.default_rng(0))
    check(empty_file, rig, "rigify_metarig")


@pytest.mark.slow
def test_generated_rig_with_its_constraints_and_drivers(empty_file: Any) -> None:
    bpy = empty_file
    rig = generated_rig(bpy)
    bones = ["upper_arm_fk.L", "forearm_fk.R", "thigh_fk.R", "torso", "head", "f_index.01_master.L"]
    wave(bpy, rig, bones, np.random.default_rng(0))
    check(bpy, rig, "rigify_generated")


@pytest.mark.parametrize(
    ("name", "family"), [("01_01.bvh", "cmu_bvh"), ("Boxing_Toes.bvh", "plain_bvh")]
)
def test_bvh(empty_file: Any, bvh_folder: Path, name: str, family: str) -> None:
    rig = import_bvh(empty_file, bvh_folder / name)
    check(empty_file, rig, family, last=300)


def placed(bpy: Any, rig: Any) -> None:
    rig.location, rig.scale = (3.0, -2.0, 0.5), (0.4, 0.4, 0.4)
    rig.rotation_euler = (0.2, 0.1, 2.4)


def parented(bpy: Any, rig: Any) -> None:
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.scene.collection.objects.link(parent)
    parent.scale = (2.0, 2.0, 2.0)
    for frame, x in ((1, 0.0), (60, 4.0)):
        parent.location.x = x
        parent.keyframe_insert("location", frame=frame)
    rig.parent = parent


def constrained(bpy: Any, rig: Any) -> None:
    target = bpy.data.objects.new("Target", None)
    bpy.context.scene.collection.objects.link(target)
    for frame, x in ((1, -1.0), (60, 1.0)):
        target.location = (x, -0.5, 1.4)
        target.keyframe_insert("location", frame=frame)
    constraint = rig.pose.bones["hand.L"].constraints.new("IK")
    constraint.target, constraint.chain_count = target, 2


def driven(bpy: Any, rig: Any) -> None:
    bone = rig.pose.bones["forearm.R"]
    bone.rotation_mode = "XYZ"
    bone.driver_add("rotation_euler", 0).driver.expression = "frame / 30"


def in_the_nla(bpy: Any, rig: Any) -> None:
    data = rig.animation_data
    track = data.nla_tracks.new()
    track.strips.new("strip", 5, data.action)
    data.action = None


@pytest.mark.parametrize("change", [placed, parented, constrained, driven, in_the_nla])
def test_whatever_moves_the_rig_counts(empty_file: Any, change: Callable[[Any, Any], None]) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    wave(bpy, rig, ["upper_arm.L", "thigh.R"], np.random.default_rng(0))
    mapping = require(detect_armature(rig))
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 9.0, 0.3)
    still = sample(
        RigSampler(bpy.context.scene, rig, mapping, camera, RetimePlan((17.5,), ""), SIZE)
    )
    change(bpy, rig)
    moved = sample(
        RigSampler(bpy.context.scene, rig, mapping, camera, RetimePlan((17.5,), ""), SIZE)
    )
    assert np.nanmax(np.abs(moved - still)) > 1, "the change is not seen at all"
    worst, compared = worst_distance(bpy, rig, mapping, 10, 60)
    assert compared >= 120
    assert worst < 0.5


def test_subframes_lie_between_frames(empty_file: Any) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    wave(bpy, rig, ["upper_arm.L"], np.random.default_rng(3))
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 5.0, 0.0)
    mapping = require(detect_armature(rig))
    plan = RetimePlan((30.0, 30.5, 31.0), "")
    wrist = sample(RigSampler(bpy.context.scene, rig, mapping, camera, plan, SIZE))[:, 7]
    step = np.linalg.norm(wrist[2] - wrist[0])
    assert step > 0.1
    assert np.linalg.norm(wrist[1] - (wrist[0] + wrist[2]) / 2) < 0.1 * step


def library(bpy: Any, folder: Path) -> Path:
    """A file that holds a rig in a collection."""
    rig = metarig(bpy)
    rig.name = "Rïg"
    wave(bpy, rig, ["upper_arm.L", "thigh.R"], np.random.default_rng(0))
    collection = bpy.data.collections.new("Character")
    bpy.context.scene.collection.children.link(collection)
    for other in list(rig.users_collection):
        other.objects.unlink(rig)
    collection.objects.link(rig)
    path = folder / "rig böx.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return path


def test_linked_rig(empty_file: Any, odd_path: Path) -> None:
    bpy = empty_file
    path = library(bpy, odd_path)
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Character"]
    bpy.context.scene.collection.children.link(wanted.collections[0])
    rig = wanted.collections[0].objects["Rïg"]
    mapping = require(detect_armature(rig))
    worst, compared = worst_distance(bpy, rig, mapping, 10, 60)
    assert compared >= 120
    assert worst < 0.5
    action = bpy.data.actions.new("other")
    with pytest.raises(InputError, match="linked"):
        RigSampler(
            bpy.context.scene, rig, mapping, bpy.context.scene.camera, RetimePlan((1.0,), ""),
            SIZE, action=action,
        )  # fmt: skip


@pytest.mark.parametrize("linked", [True, False])
def test_instanced_rig(empty_file: Any, odd_path: Path, linked: bool) -> None:
    bpy = empty_file
    path = library(bpy, odd_path)
    with bpy.data.libraries.load(str(path), link=linked) as (_, wanted):
        wanted.collections = ["Character"]
    empty = bpy.data.objects.new("Instance", None)
    bpy.context.scene.collection.objects.link(empty)
    empty.instance_type, empty.instance_collection = "COLLECTION", wanted.collections[0]
    empty.location, empty.scale = (1.0, 2.0, 0.0), (0.5, 0.5, 0.5)
    bpy.context.view_layer.update()
    rig = wanted.collections[0].objects["Rïg"]
    mapping = require(detect_armature(rig))
    worst, compared = worst_distance(bpy, rig, mapping, 10, 60, empty.matrix_world.copy())
    assert compared >= 120
    assert worst < 0.5


def test_a_scene_that_is_not_open(empty_file: Any) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    wave(bpy, rig, ["upper_arm.L"], np.random.default_rng(0))
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 5.0, 0.0)
    mapping = require(detect_armature(rig))
    plan = RetimePlan((1.0, 20.5, 40.0), "")
    other = bpy.context.scene
    here = sample(RigSampler(other, rig, mapping, camera, plan, SIZE))
    open_scene(bpy, bpy.data.scenes.new("Edit"))
    bpy.context.scene.frame_set(3)
    away = sample(RigSampler(other, rig, mapping, camera, plan, SIZE))
    assert np.array_equal(here, away, equal_nan=True)
    assert bpy.context.scene.frame_current == 3


def test_handlers_of_a_new_frame_are_called_as_blender_does(scene: Any) -> None:
    """A rig may be moved by a handler of its file; it is told of each frame that is read."""
    from motionfollower_addon.host.rig.motion_sampler import go_to_frame

    told: list[tuple[str, float]] = []

    def before(seen: Any, _: Any = None) -> None:
        told.append(("before", seen.frame_current_final))
        scene.objects["Rig"].location.x = seen.frame_current_final

    def after(seen: Any, _: Any = None) -> None:
        told.append(("after", seen.frame_current_final))

    handlers = bpy.app.handlers
    handlers.frame_change_pre.append(before)
    handlers.frame_change_post.append(after)
    try:
        go_to_frame(scene, scene.view_layers[0], 3.25)
    finally:
        handlers.frame_change_pre.remove(before)
        handlers.frame_change_post.remove(after)
    assert told == [("before", 3.25), ("after", 3.25)]
    rig = scene.objects["Rig"].evaluated_get(scene.view_layers[0].depsgraph)
    assert rig.matrix_world.translation.x == 3.25
    scene.objects["Rig"].location.x = 0.0
