"""A skeleton in the colours of how its joints came about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import JointState
from mf_backend.skeleton.joints import BODY, HAND_LINES, LEFT_HAND, LIMBS, RIGHT_HAND

from .skeleton_lines import Array, Floats, Strokes, strokes

COLOURS = {
    JointState.ABSENT: (1.0, 1.0, 1.0, 0.6),
    JointState.FOUND: (0.25, 0.85, 0.35, 0.9),
    JointState.CARRIED: (0.98, 0.85, 0.2, 0.95),
    JointState.POSED: (1.0, 0.5, 0.1, 0.95),
    JointState.GIVEN: (1.0, 1.0, 1.0, 0.9),
    JointState.MENDED: (0.3, 0.6, 1.0, 0.95),
}
"""R G B A of each state."""
_DOUBT = (
    JointState.FOUND,
    JointState.GIVEN,
    JointState.MENDED,
    JointState.CARRIED,
    JointState.POSED,
    JointState.ABSENT,
)
"""States from sure to doubtful: a line has the colour of its more doubtful end."""
_RANK = np.zeros(len(JointState), np.int64)
_RANK[[int(state) for state in _DOUBT]] = np.arange(len(_DOUBT))
_TABLE = np.array([COLOURS[state] for state in JointState], np.float32)


def state_strokes(points: Array, states: NDArray[np.uint8], scale: float) -> Strokes:
    """Lines and discs of joints [60, 2] in region pixels, coloured by `states` [60]."""
    plain = strokes(points, scale)
    there = np.isfinite(points).all(axis=1)
    per_disc = len(plain.discs) // max(1, int(there[BODY].sum()))
    discs = np.repeat(_TABLE[states[BODY][there[BODY]]], per_disc, axis=0)
    hands = np.concatenate([np.array(HAND_LINES) + hand.start for hand in (LEFT_HAND, RIGHT_HAND)])
    return replace(
        plain,
        limb_colours=_lines(np.array(LIMBS), states, there),
        hand_colours=_lines(hands, states, there),
        disc_colours=discs,
    )


def _lines(ends: NDArray[Any], states: NDArray[np.uint8], there: NDArray[np.bool_]) -> Floats:
    """Colours [2 * lines, 4] of the lines whose ends are both there."""
    seen = ends[there[ends].all(axis=1)]
    pairs = states[seen]
    worse = np.where(_RANK[pairs[:, 0]] >= _RANK[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    colours: Floats = np.repeat(_TABLE[worse], 2, axis=0)
    return colours
