"""Fit where pictures are marked to where rigs have their joints, and print the shares.

    python tests/quality/fit_convention.py [RIG ...]

Poses bodies of several builds through the film package's moves, reads each rig as the add-on does
and compares with the points that annotators mark on the same body. The table in
motionfollower_addon/core/rig/joints/convention.py comes from this; its hips lie higher, as said
there. Needs Blender's Python module and the package anny.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import bpy
import numpy as np
from numpy.typing import NDArray

import motionfollower_addon
from film.motion.pose import Poser
from film.people.build import Build, shape
from film.people.joints import BodyJoints
from film.people.rig import make_armature
from film.shooting.shot import Action
from film.shooting.stage import key
from mf_backend.skeleton.joints import JOINT_INDEX
from motionfollower_addon.core.rig.joints.convention import SHARES, share_of
from motionfollower_addon.host.rig.bone_map import mapping_for
from motionfollower_addon.host.rig.joints import RigReader

Array = NDArray[np.float64]

BUILDS = (
    Build(), Build(gender=0), Build(gender=1, muscle=0.8, weight=0.7), Build(gender=0, weight=0.85),
    Build(gender=0, weight=0.15, height=0.8), Build(gender=1, age=0.9), Build(age=0.28),
    Build(gender=1, height=0.9, proportions=0.9),
)  # fmt: skip
MOVES = (
    *("stand", "walk", "wave", "raise_arms", "squat", "turn_round", "sit", "dance", "kick"),
    *("carry", "lift_box", "reach", "bow", "hands_on_hips"),
)
FRAMES, STEP = 24, 3


def poses(rig: str, build: Build) -> list[tuple[Array, Array]]:
    """(joints at the bones, joints as marked), each [60, 3], of one body in all moves."""
    vertices = shape(build)
    armature = make_armature("Body", rig, vertices)
    marked, reader = (
        BodyJoints(armature, rig, vertices),
        RigReader(armature, mapping_for(armature, "")),
    )
    found = []
    for move in MOVES:
        key(Poser(armature), Action(move), move, FRAMES, float(FRAMES))
        for frame in range(1, FRAMES + 1, STEP):
            bpy.context.scene.frame_set(frame)
            graph = bpy.context.evaluated_depsgraph_get()
            found.append((reader.read_bones(graph).joints, marked.now()))
    bpy.data.objects.remove(armature)
    return found


def fit(name: str, found: list[tuple[Array, Array]]) -> tuple[Array, float, float]:
    """(share of each of a joint's vectors, error before and after in metres) over both sides."""
    of: list[Any] = list(SHARES[name])
    vectors, moves = [], []
    for bones, marked in found:
        for side in ("right", "left"):
            joint = f"{side}_{name}"
            vectors.append(np.stack([share_of(bones, joint, what) for what in of], axis=-1))
            moves.append(marked[JOINT_INDEX[joint]] - bones[JOINT_INDEX[joint]])
    table, wanted = np.concatenate(vectors), np.concatenate(moves)
    shares = np.linalg.lstsq(table, wanted, rcond=None)[0]
    errors = [
        float(np.sqrt((off.reshape(-1, 3) ** 2).sum(1).mean()))
        for off in (wanted, wanted - table @ shares)
    ]
    return shares, errors[0], errors[1]


def main() -> None:
    """Print the shares of every joint of the table."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    motionfollower_addon.register()
    found = [
        pose
        for rig in sys.argv[1:] or ("mixamo", "game_engine")
        for build in BUILDS
        for pose in poses(rig, build)
    ]
    for name, shares in SHARES.items():
        fitted, before, after = fit(name, found)
        said = ", ".join(f"{of}: {value:.3f}" for of, value in zip(shares, fitted, strict=True))
        print(f"{name}: {said} (off by {before:.4f} m before, {after:.4f} m after)")


if __name__ == "__main__":
    main()
