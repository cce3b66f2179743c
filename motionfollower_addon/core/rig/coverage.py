"""What of a person a mapping covers, in words: what follows the rig and what is left out."""

from __future__ import annotations

from mf_backend.skeleton.joints import BODY_JOINTS

from .mapping import MAPPABLE, REQUIRED, Mapping

_FINGERS = frozenset(name for name in MAPPABLE if "_hand_" in name)
_TOES = frozenset(("left_toe", "right_toe"))
_FACE = frozenset(("head", *BODY_JOINTS)) - {"neck", *REQUIRED}


def coverage(mapping: Mapping) -> tuple[str, ...]:
    """Lines for a mapping that has every required joint: what it has bones for, what it lacks."""
    have = set(mapping.joints)
    fingers = len(have & _FINGERS)
    line = f"Arms and legs: all {len(REQUIRED)} joints"
    if fingers:
        of = "all" if fingers == len(_FINGERS) else f"{fingers} of"
        line += f"; fingers: {of} {len(_FINGERS)}"
    without = [
        word
        for word, joints in (("fingers", _FINGERS), ("toes", _TOES), ("face", _FACE))
        if not have & joints
    ]
    if not without:
        return (line,)
    last = f"{', '.join(without[:-1])} and {without[-1]}" if len(without) > 1 else without[0]
    return (line, f"No bones for {last}: left out, the rest works")
