"""Where a body is at one moment, told so that any rig of any build can take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Pair = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Foot:
    """One foot. Lengths in the length of a leg; front and left as the body faces at turn 0."""

    left: float = 0.0
    front: float = 0.0
    up: float = 0.0
    pitch: float = 0.0
    """Radians by which the heel is raised over the ball."""
    turn: float = 0.0


@dataclass(frozen=True)
class Stance:
    """A body at one moment. Angles in radians, lengths in the length of a leg.

    Arms are directions (out to the side, up, to the front) as the chest sees them, the left arm's
    first; feet are places on the floor, the left foot's first.
    """

    hips: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """The hips' way to the left, to the front and up from where they are in standing."""
    turn: float = 0.0
    """About the upright axis, to the left."""
    tilt: float = 0.0
    """The pelvis forward."""
    bend: float = 0.0
    """The chest forward, over the pelvis' tilt."""
    side: float = 0.0
    """The chest to the left."""
    twist: float = 0.0
    """The chest against the pelvis, to the left."""
    nod: float = 0.0
    look: float = 0.0
    """The head against the chest, to the left."""
    upper_arms: Pair = ((0.22, -1.0, 0.04), (0.22, -1.0, 0.04))
    forearms: Pair = ((0.10, -1.0, 0.22), (0.10, -1.0, 0.22))
    wrists: tuple[float, float] = (0.0, 0.0)
    """Radians about the forearm, thumbs outwards."""
    curl: tuple[float, float] = (0.25, 0.25)
    """Fingers from straight 0 to a fist 1."""
    feet: tuple[Foot, Foot] = (Foot(left=0.13), Foot(left=-0.13))
    knees: float = 0.12
    """How far knees point outwards."""


Move = Callable[[float], Stance]
"""A stance at a time in seconds."""
