"""Makes the scenes that are measured: MATERIAL NAME COUNT WIDTH HEIGHT. Run by `blender -b`.

`light` is the tests' own rig, `heavy` a generated Rigify rig with a skinned and subdivided mesh,
`crowded` the same rig without its skin among thousands of other objects.
"""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np

TESTS = Path(__file__).resolve().parents[3] / "tests"
sys.path.append(str(TESTS / "blender" / "scripts"))
import loading  # noqa: E402

_ROUND, _HIGH = 160, 400
"""Corners around and along the heavy scene's mesh, before its subdivision."""
_THINGS, _INSTANCES = 4500, 500
"""Objects of the crowded scene: meshes of one triangle, and instances of one collection."""


def rig_scenes() -> Any:
    """The rig tests' scenes, loaded from their file."""
    spec = importlib.util.spec_from_file_location(
        "rig_scenes", TESTS / "addon" / "rig" / "scenes.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def add_skin(rig: Any) -> Any:
    """A body-sized tube that the rig's DEF bones deform, subdivided once in the viewport."""
    angles = np.linspace(0, 2 * math.pi, _ROUND, endpoint=False)
    heights = np.linspace(0.05, 1.75, _HIGH)
    places = np.stack(
        [
            np.tile(0.25 * np.cos(angles), _HIGH),
            np.tile(0.15 * np.sin(angles), _HIGH),
            np.repeat(heights, _ROUND),
        ],
        axis=1,
    )
    rows, columns = np.divmod(np.arange((_HIGH - 1) * _ROUND), _ROUND)
    beside = (columns + 1) % _ROUND
    faces = np.stack(
        [
            rows * _ROUND + columns,
            rows * _ROUND + beside,
            (rows + 1) * _ROUND + beside,
            (rows + 1) * _ROUND + columns,
        ],
        axis=1,
    )
    mesh = bpy.data.meshes.new("Skin")
    mesh.from_pydata(places.tolist(), [], faces.tolist())
    skin = bpy.data.objects.new("Skin", mesh)
    bpy.context.scene.collection.objects.link(skin)
    bones = [bone for bone in rig.data.bones if bone.use_deform]
    middles = np.array([(bone.head_local + bone.tail_local) / 2 for bone in bones])
    nearest = np.argsort(np.linalg.norm(places[:, None] - middles[None], axis=2), axis=1)[:, :2]
    for index, bone in enumerate(bones):
        group = skin.vertex_groups.new(name=bone.name)
        for place, weight in ((0, 0.7), (1, 0.3)):
            mine = np.flatnonzero(nearest[:, place] == index)
            if len(mine):
                group.add(mine.tolist(), weight, "ADD")
    modifier = skin.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    skin.modifiers.new("Subdivision", "SUBSURF").levels = 1
    return skin


def add_crowd() -> None:
    """Thousands of small things around the rig."""
    mesh = bpy.data.meshes.new("Thing")
    mesh.from_pydata([(0, 0, 0), (0.05, 0, 0), (0, 0.05, 0)], [], [(0, 1, 2)])
    scene = bpy.context.scene
    tree = bpy.data.collections.new("Tree")
    tree.objects.link(bpy.data.objects.new("Leaf", mesh))
    for index in range(_THINGS + _INSTANCES):
        thing = bpy.data.objects.new(f"Thing {index}", mesh if index < _THINGS else None)
        thing.location = (index % 70 - 35, 3 + index // 70, 0)
        if thing.data is None:
            thing.instance_type, thing.instance_collection = "COLLECTION", tree
        scene.collection.objects.link(thing)


def rigify(count: int) -> Any:
    """The open file with a generated rig that moves for `count` frames in place of its own."""
    module = rig_scenes()
    for item in list(bpy.data.objects):
        if item.type == "ARMATURE":
            bpy.data.objects.remove(item)
    rig = module.generated_rig(bpy)
    bones = [f"{n}.{s}" for n in ("upper_arm_fk", "forearm_fk", "thigh_fk") for s in "LR"]
    action = module.wave(bpy, rig, bones, np.random.default_rng(0))
    action.use_fake_user = True
    for bone in bones:
        rig.pose.bones[bone].keyframe_insert("rotation_euler", frame=count)
    return rig


def main() -> None:
    """Make and save one of them."""
    material, name = Path(loading.ARGUMENTS[0]), loading.ARGUMENTS[1]
    count, width, height = (int(text) for text in loading.ARGUMENTS[2:5])
    scenes = loading.scenes()
    scenes.SIZE = (width, height)
    scenes.make_scene(material, count, name)
    if name != "light":
        rig = rigify(count)
        if name == "heavy":
            add_skin(rig)
        else:
            add_crowd()
        bpy.ops.wm.save_mainfile()


main()
