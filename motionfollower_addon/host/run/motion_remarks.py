"""Remarks on a motion before it is rendered: made for another rig, or one pose throughout."""

from __future__ import annotations

import re
from typing import Any

from .. import compat
from ..draw_cache import once, until_change

_BONE = re.compile(r'pose\.bones\["(.+?)"\]')
_SAME = 1e-6


@once
def remark(armature: Any, action: Any, slot: str = "") -> str:
    """A sentence on an action that does not suit an armature; empty where it does."""
    if armature is None or action is None:
        return ""
    keyed, lost, still = _keyed(action, slot, armature)
    if lost * 2 > keyed:
        return (
            f"The action {action.name!r} looks made for another rig: {armature.name!r} has no "
            f"bones for {lost} of the {keyed} that it moves."
        )
    if still:
        return f"The action {action.name!r} does not move: it holds one pose throughout."
    return ""


def suits(armature: Any, action: Any) -> bool:
    """Whether an action moves bones, most of which the armature has."""
    keyed, lost, still = _keyed(action, "", armature)
    return keyed > 0 and lost * 2 <= keyed and not still


@until_change
def _keyed(action: Any, slot: str, armature: Any) -> tuple[int, int, bool]:
    """Bones that an action keys, how many of them the armature lacks, and whether all stand still.

    An action that keys no bones may move the rig as a whole.
    """
    bones: set[str] = set()
    moving = False
    curves = compat.fcurves(action, slot)
    for curve in curves:
        found = _BONE.match(curve.data_path)
        if found is not None:
            bones.add(found.group(1))
        moving = moving or _moves(curve)
    lost = sum(name not in armature.data.bones for name in bones)
    return len(bones), lost, bool(curves) and not moving


def _moves(curve: Any) -> bool:
    values = [0.0] * (2 * len(curve.keyframe_points))
    curve.keyframe_points.foreach_get("co", values)
    heights = values[1::2]
    # What changes a curve from outside is not looked into.
    return bool(len(curve.modifiers)) or (bool(heights) and max(heights) - min(heights) > _SAME)
