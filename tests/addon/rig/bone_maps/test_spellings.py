"""What happens to names and rest poses on the way into Blender: spelling, sides, mirrors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionfollower_addon.core.rig.bone_maps import detect, load_bone_maps, require
from motionfollower_addon.core.rig.bones import Bone
from motionfollower_addon.core.rig.mapping import REQUIRED
from motionfollower_addon.core.rig.mirror import side_of
from motionfollower_addon.host.rig.bones import bones_of, detect_armature
from tests.addon.rig.bone_maps.test_families import anonymous, check_guess
from tests.addon.rig.scenes import metarig, renew_context, wave
from tests.addon.rig.test_sampling import check, worst_distance

FAMILIES = {bone_map.id: bone_map for bone_map in load_bone_maps()}
SPELLINGS: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "a namespace": lambda name: f"Hero:{name}",
    "two namespaces": lambda name: f"Set:Hero:{name}",
    "an object's name": lambda name: f"Armature|{name}",
    "a copy": lambda name: f"{name}.001",
    "a namespace and a copy": lambda name: f"Hero:{name}.012",
    "underscores": lambda name: name.replace(" ", "_").replace(".", "_"),
}
# Bones that lie beside a family's joints and must not be taken for them.
NEIGHBOURS = {
    "unreal4": ("upperarm_twist_01_{s}", "lowerarm_twist_01_{s}", "thigh_twist_01_{s}",
                "calf_twist_01_{s}", "ik_hand_{s}", "ik_foot_{s}"),
    "unreal5": ("upperarm_twist_01_{s}", "upperarm_twist_02_{s}", "lowerarm_twist_02_{s}",
                "thigh_twist_01_{s}", "calf_twist_02_{s}", "clavicle_out_{s}", "ik_hand_{s}",
                "index_metacarpal_{s}", "middle_metacarpal_{s}", "pinky_metacarpal_{s}"),
    "character_creator": ("CC_Base_{s}_UpperarmTwist01", "CC_Base_{s}_ForearmTwist01",
                          "CC_Base_{s}_ElbowShareBone", "CC_Base_{s}_ThighTwist01",
                          "CC_Base_{s}_CalfTwist01", "CC_Base_{s}_ToeBaseShareBone"),
    "daz_genesis8": ("{s}ShldrTwist", "{s}ForearmTwist", "{s}ThighTwist", "{s}Metatarsals",
                     "{s}Carpal1", "{s}BigToe"),
    "daz_genesis9": ("{s}_upperarmtwist1", "{s}_forearmtwist1", "{s}_thightwist1",
                     "{s}_metatarsal", "{s}_indexmetacarpal", "{s}_bigtoe1"),
    "auto_rig_pro": ("arm_stretch.{s}", "forearm_twist.{s}", "thigh_stretch.{s}", "leg_twist.{s}",
                     "c_index1_base.{s}", "c_arm_fk.{s}", "c_hand_ik.{s}", "c_foot_ik.{s}"),
    "biped": ("{s} ForeTwist", "{s} ForeTwist1", "{s} UpArmTwist", "{s} ThighTwist", "{s} Toe01"),
    "vroid": ("J_Sec_{s}_Bust1", "J_Sec_{s}_UpperArm", "J_Adj_{s}_FaceEyeSet"),
}  # fmt: skip


def names_of(family: str) -> list[str]:
    """Every bone that a family's table names first, and its markers."""
    bone_map = FAMILIES[family]
    first = [alternatives[0].partition(">")[0] for alternatives in bone_map.joints.values()]
    return list(dict.fromkeys([*first, *bone_map.markers]))


@pytest.mark.once("names, without Blender")
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_name_is_known_in_any_spelling(family: str, spelling: str) -> None:
    change = SPELLINGS[spelling]
    plain = require(detect(names_of(family)))
    assert plain.family == family
    changed = require(detect([change(name) for name in names_of(family)]))
    assert changed.family == family
    assert {joint: anchor.bone for joint, anchor in changed.joints.items()} == {
        joint: change(anchor.bone) for joint, anchor in plain.joints.items()
    }


def test_the_plain_bone_comes_before_its_numbered_copy() -> None:
    names = [change for name in names_of("mixamo") for change in (f"{name}.001", name)]
    joints = require(detect(names)).joints
    assert not any(anchor.bone.endswith(".001") for anchor in joints.values())


@pytest.mark.once("names, without Blender")
@pytest.mark.parametrize("family", sorted(NEIGHBOURS))
def test_twist_and_helper_bones_are_no_joints(family: str) -> None:
    sides = {"unreal4": "lr", "unreal5": "lr", "auto_rig_pro": "lr"}.get(family, "LR")
    sides = "lr" if family.startswith("daz") else sides
    beside = [name.replace("{s}", side) for name in NEIGHBOURS[family] for side in sides]
    plain = require(detect(names_of(family)))
    crowded = require(detect([*beside, *names_of(family)]))
    assert crowded.family == family
    assert crowded.joints == plain.joints


@pytest.fixture(scope="session")
def vrm_file(blender: Any, vrm_add_on: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VRM file of the VRM Add-on's own armature (MIT or GPL-3.0-or-later, from PyPI)."""
    folder = tmp_path_factory.mktemp("vrm ädd-on")
    with zipfile.ZipFile(vrm_add_on) as archive:
        archive.extractall(folder)
    result = folder / "basic.glb"
    script = Path(__file__).with_name("vrm_rig.py")
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(folder / "user")}
    done = subprocess.run(
        [sys.executable, str(script), str(folder), str(result)],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.is_file(), done.stdout + done.stderr
    return result


@pytest.mark.once("what the VRM Add-on writes; its spellings are tested in all")
def test_a_vrm_file(empty_file: Any, vrm_file: Path) -> None:
    bpy = empty_file
    renew_context(bpy)
    bpy.ops.import_scene.gltf(filepath=str(vrm_file))
    rig = next(item for item in bpy.data.objects if item.type == "ARMATURE")
    wave(bpy, rig, ["upper_arm.L", "upper_leg.R", "chest"], np.random.default_rng(0))
    check(bpy, rig, "upper_lower")
    joints = require(detect_armature(rig)).joints
    assert sum("_hand_" in joint for joint in joints) == 40
    check_guess(rig)


_HUMAN = {"UpperArm": "shoulder", "LowerArm": "elbow", "Hand": "wrist", "UpperLeg": "hip",
          "LowerLeg": "knee", "Foot": "ankle", "Toes": "toe", "Eye": "eye"}  # fmt: skip
_PHALANX = {"Metacarpal": 1, "Proximal": 1, "Intermediate": 2, "Distal": 3}


def joint_of(title: str) -> str:
    """Our joint for a VRM human bone ("Left Upper Arm"); empty for one that is no joint."""
    words = title.split()
    if words == ["Head"]:
        return "head"
    side, rest = words[0].lower(), words[1:]
    if side not in ("left", "right"):
        return ""
    if len(rest) == 2 and rest[1] in _PHALANX:
        number = _PHALANX[rest[1]] + (rest == ["Thumb", "Proximal"])
        return f"{side}_hand_{rest[0].lower()}_{number}"
    joint = _HUMAN.get("".join(rest), "")
    return joint and f"{side}_{joint}"


def test_the_tables_agree_with_those_of_the_vrm_add_on(vrm_file: Path) -> None:
    """Somebody else's tables of the same families, for rigs that are not to be had."""
    tables = json.loads(vrm_file.with_suffix(".json").read_text(encoding="utf-8"))
    families, compared = set(), 0
    for label, table in tables.items():
        by_joint: dict[str, set[str]] = {}
        for bone, title in table.items():
            by_joint.setdefault(joint_of(title), set()).add(bone)
        mapping = require(detect(table))
        families.add(mapping.family)
        for joint, bones in by_joint.items():
            if joint:
                assert mapping.joints[joint].bone in bones, f"{label}: {joint}"
                compared += 1
    assert {"biped", "character_creator", "vroid", "mixamo", "unreal4", "makehuman"} <= families
    assert compared > 400


def with_feet_down(bones: tuple[Bone, ...]) -> tuple[Bone, ...]:
    """The same without toes, each foot pointing straight down: nothing tells the front."""
    kept = []
    for bone in bones:
        if bone.name.startswith(("toe", "heel")):
            continue
        if bone.name.startswith("foot"):
            assert bone.head is not None
            x, y, z = bone.head
            bone = Bone(bone.name, bone.parent, bone.head, (x, y, z - 0.06))
        kept.append(bone)
    return tuple(kept)


def test_no_guess_where_nothing_tells_left_from_right(empty_file: Any) -> None:
    bones = with_feet_down(bones_of(metarig(empty_file)))
    detection = detect(anonymous(bones)[0])
    assert not detection.fits
    assert not detection.mapping.guessed
    assert set(detection.missing) == set(REQUIRED)


@pytest.mark.parametrize("pattern", ["{} bone.{}", "{1}_k{0}", "{}{}"])
def test_names_tell_the_sides_of_a_guess(empty_file: Any, pattern: str) -> None:
    bones = with_feet_down(bones_of(metarig(empty_file)))
    known = require(detect(bones))
    words = {"left": "Left", "right": "Right"} if pattern == "{}{}" else {"left": "L", "right": "R"}
    bases = sorted({bone.name.removesuffix(".L").removesuffix(".R") for bone in bones})
    new = {}
    for bone in bones:
        number = bases.index(bone.name.removesuffix(".L").removesuffix(".R"))
        side = side_of(bone.name)
        new[bone.name] = pattern.format(number, words[side]) if side else f"mid {number}"
    hidden = tuple(
        Bone(new[bone.name], new.get(bone.parent, ""), bone.head, bone.tail) for bone in bones
    )
    detection = detect(hidden)
    assert detection.fits
    assert detection.mapping.guessed
    for joint in REQUIRED:
        assert detection.mapping.joints[joint].bone == new[known.joints[joint].bone], joint


@pytest.mark.parametrize("turn", [0.0, 1.3, 3.14159])
def test_a_guess_does_not_mind_where_a_rig_faces(empty_file: Any, turn: float) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    rig.rotation_euler.z = turn
    bpy.ops.object.transform_apply(location=False, rotation=True, scale=False)
    check_guess(rig)


def mirrored(bpy: Any, rig: Any) -> None:
    rig.scale = (-1.0, 1.0, 1.0)


def unevenly_scaled(bpy: Any, rig: Any) -> None:
    rig.scale = (0.7, 1.4, 2.0)


def mirrored_by_its_parent(bpy: Any, rig: Any) -> None:
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.scene.collection.objects.link(parent)
    parent.scale, parent.rotation_euler = (1.0, -1.5, 1.5), (0.3, 0.0, 1.0)
    rig.parent = parent


def odd_bones(bpy: Any, rig: Any) -> None:
    """Rolled bones that do not hang together, as some importers leave them."""
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for number, bone in enumerate(rig.data.edit_bones):
        bone.use_connect = False
        bone.roll = number
        bone.length = 0.03 + 0.01 * (number % 3)
    bpy.ops.object.mode_set(mode="OBJECT")


def arms_down(bpy: Any, rig: Any) -> None:
    """An A-pose as the rest pose."""
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="POSE")
    for side, sign in (("L", -1), ("R", 1)):
        bone = rig.pose.bones[f"upper_arm.{side}"]
        bone.rotation_mode, bone.rotation_euler = "XYZ", (0.0, 0.0, sign * 0.7)
    bpy.ops.pose.armature_apply()
    bpy.ops.object.mode_set(mode="OBJECT")


@pytest.mark.parametrize(
    "change", [mirrored, unevenly_scaled, mirrored_by_its_parent, odd_bones, arms_down]
)
def test_odd_rigs(empty_file: Any, change: Callable[[Any, Any], None]) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    change(bpy, rig)
    wave(bpy, rig, ["upper_arm.L", "thigh.R", "spine.003"], np.random.default_rng(0))
    bpy.context.view_layer.update()
    worst, compared = worst_distance(bpy, rig, require(detect_armature(rig)), 50, 60)
    assert compared >= 50 * 12
    assert worst < 0.5
