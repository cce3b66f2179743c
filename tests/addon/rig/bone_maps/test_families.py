"""Every naming family on copies of a real rig that carry its names, and what must be refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mf_backend.contracts.errors import InputError
from motionfollower_addon.core.rig.bone_maps import BoneMap, detect, load_bone_maps, require
from motionfollower_addon.core.rig.bones import Bone
from motionfollower_addon.core.rig.mapping import REQUIRED, Mapping
from motionfollower_addon.host.rig.bones import bones_of, detect_armature
from tests.addon.rig.scenes import enable_rigify, import_bvh, metarig, mpfb, smpl, wave
from tests.addon.rig.test_sampling import check, worst_distance

FAMILIES = {bone_map.id: bone_map for bone_map in load_bone_maps()}
QUADRUPEDS = ("basic_quadruped", "cat", "horse", "wolf")


def names_of(bone_map: BoneMap, mapping: Mapping) -> dict[str, str]:
    """Bone of the real rig to its name in the family."""
    names = {}
    for joint, alternatives in bone_map.joints.items():
        name, _, end = alternatives[0].partition(">")
        if joint in mapping.joints and end != "tip":
            names.setdefault(mapping.joints[joint].bone, name)
    return names


def renamed(bpy: Any, bone_map: BoneMap, prefix: str = "") -> tuple[Any, dict[str, str]]:
    """(meta rig with a family's names, joint to the bone it must be found at)."""
    rig = metarig(bpy)
    wave(bpy, rig, ["upper_arm.L", "thigh.R", "spine.003"], np.random.default_rng(0))
    mapping = require(detect_armature(rig))
    names = names_of(bone_map, mapping)
    shuffled = [bone.name for bone in rig.data.bones]
    for index, name in enumerate(shuffled):
        rig.data.bones[name].name = prefix + names[name] if name in names else f"other {index}"
    free = [bone for bone in rig.data.bones if bone.name.startswith("other ")]
    for bone, marker in zip(free, bone_map.markers, strict=False):
        if marker not in rig.data.bones:
            bone.name = prefix + marker
    wanted = {
        joint: prefix + names[mapping.joints[joint].bone]
        for joint in bone_map.joints
        if joint in mapping.joints and mapping.joints[joint].bone in names
    }
    return rig, wanted


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_renamed_copy(empty_file: Any, family: str) -> None:
    rig, wanted = renamed(empty_file, FAMILIES[family])
    detection = detect_armature(rig)
    assert detection.mapping.family == family, detection.scores
    assert detection.fits
    mapping = require(detection)
    for joint, bone in wanted.items():
        if not joint.endswith("_4"):
            assert mapping.joints[joint].bone == bone, joint
    worst, compared = worst_distance(empty_file, rig, mapping, 50, 60)
    assert compared >= 50 * 12
    assert worst < 0.5


@pytest.mark.parametrize("prefix", ["mixamorig:", "mixamorig5:", "mixamorig_", "Some:Name:"])
def test_mixamo_prefixes(empty_file: Any, prefix: str) -> None:
    rig, wanted = renamed(empty_file, FAMILIES["mixamo"], prefix)
    detection = detect_armature(rig)
    assert detection.mapping.family == "mixamo"
    assert detection.mapping.joints["left_elbow"].bone == wanted["left_elbow"]


@pytest.mark.parametrize("family", ["smplx", "unreal4", "vrm", "biped"])
def test_without_fingers_face_and_toes(family: str) -> None:
    bone_map = FAMILIES[family]
    bones = [bone_map.joints[joint][0] for joint in (*REQUIRED, "head")]
    detection = detect([*bones, *bone_map.markers[:3]])
    assert detection.mapping.family == family
    assert detection.fits
    assert not any("_hand_" in joint for joint in detection.mapping.joints)


def test_every_table_says_where_it_comes_from() -> None:
    assert len(FAMILIES) >= 15
    for bone_map in FAMILIES.values():
        assert len(bone_map.source) > 20, bone_map.id
        assert set(REQUIRED) <= set(bone_map.joints), bone_map.id
        left = {joint[5:] for joint in bone_map.joints if joint.startswith("left_")}
        right = {joint[6:] for joint in bone_map.joints if joint.startswith("right_")}
        assert left == right


def test_fbx(empty_file: Any, fbx_rig: Path) -> None:
    bpy = empty_file
    bpy.ops.import_scene.fbx(filepath=str(fbx_rig))
    rig = next(item for item in bpy.context.selected_objects if item.type == "ARMATURE")
    wave(bpy, rig, ["Model:LeftArm", "Model:RightUpLeg"], np.random.default_rng(0))
    check(bpy, rig, "lafan_bvh")


@pytest.mark.once("rigs of names and places, which test_renamed_copy makes in each Blender")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "family", "fingers"),
    [
        ("mixamo", "mixamo", 40),
        ("default", "makehuman", 40),
        ("default_no_toes", "makehuman", 40),
        ("game_engine", "unreal4", 40),
        ("cmu_mb", "cmu_bvh", 0),
    ],
)
def test_mpfb(
    empty_file: Any, mpfb_rig: Callable[[str], Path], name: str, family: str, fingers: int
) -> None:
    rig = mpfb(empty_file, mpfb_rig(name))
    joints = require(detect_armature(rig)).joints
    assert sum("_hand_" in joint for joint in joints) == fingers
    wave(empty_file, rig, [joints["left_elbow"].bone], np.random.default_rng(0))
    check(empty_file, rig, family)
    if family != "makehuman":  # its limbs of two bones each are beyond a guess
        check_guess(rig)


def test_smpl(empty_file: Any, smpl_rig: Path) -> None:
    rig = smpl(empty_file, smpl_rig)
    wave(empty_file, rig, ["L_Shoulder", "R_Hip"], np.random.default_rng(0))
    check(empty_file, rig, "smpl")
    joints = require(detect_armature(rig)).joints
    assert sum("_hand_" in joint for joint in joints) == 40
    check_guess(rig)


@pytest.mark.parametrize("animal", [*QUADRUPEDS, "bird", "shark"])
def test_an_animal_is_refused(empty_file: Any, animal: str) -> None:
    bpy = empty_file
    enable_rigify()
    getattr(bpy.ops.object, f"armature_{animal}_metarig_add")()
    detection = detect_armature(bpy.context.object)
    assert not detection.fits
    with pytest.raises(InputError) as caught:
        require(detection, f"The armature {bpy.context.object.name!r}")
    assert "four legs" in str(caught.value) or "no bone was found for" in str(caught.value)
    assert not detect(anonymous(bones_of(bpy.context.object))[0]).fits, "guessed to be a person"


@pytest.mark.parametrize("family", ["biped", "mixamo"])
def test_a_quadruped_with_a_persons_names_is_refused(empty_file: Any, family: str) -> None:
    """3ds Max's Biped is used for horses, names and all."""
    bpy = empty_file
    enable_rigify()
    bpy.ops.object.armature_wolf_metarig_add()
    rig = bpy.context.object
    table = FAMILIES[family].joints
    pairs = {"shoulder": "front_thigh", "elbow": "front_shin", "wrist": "front_foot"}
    pairs |= {"hip": "thigh", "knee": "shin", "ankle": "foot"}
    for joint, bone in pairs.items():
        for side, letter in (("left", "L"), ("right", "R")):
            rig.data.bones[f"{bone}.{letter}"].name = table[f"{side}_{joint}"][0]
    detection = detect_armature(rig)
    assert not detection.missing
    with pytest.raises(InputError, match="four legs"):
        require(detection)


def test_a_prop_is_refused(empty_file: Any) -> None:
    bpy = empty_file
    armature = bpy.data.armatures.new("Door")
    rig = bpy.data.objects.new("Door", armature)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    last = None
    for k in range(20):
        bone = armature.edit_bones.new(f"hinge.{k:03d}")
        bone.head, bone.tail, bone.parent = (k % 3, 0, k), (k % 3, 0.1, k + 1), last
        last = bone if k % 4 else None
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(InputError, match="left shoulder") as caught:
        require(detect_armature(rig), "The armature 'Door'")
    assert str(caught.value).startswith("The armature 'Door' fits no known skeleton")


def test_missing_joints_are_named() -> None:
    bones = [alternatives[0] for alternatives in FAMILIES["mixamo"].joints.values()]
    bones.remove("LeftLeg")
    with pytest.raises(InputError, match="no bone was found for left knee\\."):
        require(detect(bones))


def anonymous(bones: tuple[Bone, ...]) -> tuple[tuple[Bone, ...], dict[str, str]]:
    """The same bones in another order with names that say nothing, and the names' origin."""
    order = list(range(len(bones)))
    random.Random(3).shuffle(order)
    names = {bone.name: f"bone {index}" for bone, index in zip(bones, order, strict=True)}
    hidden = [
        Bone(names[bone.name], names.get(bone.parent, ""), bone.head, bone.tail) for bone in bones
    ]
    random.Random(4).shuffle(hidden)
    return tuple(hidden), {value: key for key, value in names.items()}


def check_guess(rig: Any) -> None:
    bones = bones_of(rig)
    known = require(detect(bones))
    hidden, origin = anonymous(bones)
    detection = detect(hidden)
    assert detection.fits
    assert detection.mapping.guessed
    assert detection.score < 0.7
    for joint, anchor in detection.mapping.joints.items():
        if joint in known.joints:
            assert origin[anchor.bone] == known.joints[joint].bone, joint
    assert set(REQUIRED) | {"head"} <= set(detection.mapping.joints)


def test_guess_of_a_metarig(empty_file: Any) -> None:
    rig = metarig(empty_file)
    check_guess(rig)
    fingers = [j for j in detect(anonymous(bones_of(rig))[0]).mapping.joints if "_hand_" in j]
    assert len(fingers) == 40


@pytest.mark.parametrize("name", ["01_01.bvh", "Boxing_Toes.bvh"])
def test_guess_of_a_bvh(empty_file: Any, bvh_folder: Path, name: str) -> None:
    check_guess(import_bvh(empty_file, bvh_folder / name))


def test_guess_of_an_fbx(empty_file: Any, fbx_rig: Path) -> None:
    bpy = empty_file
    bpy.ops.import_scene.fbx(filepath=str(fbx_rig))
    check_guess(next(item for item in bpy.context.selected_objects if item.type == "ARMATURE"))
