"""Poses by chance, one gliding into the next: motion that no list of moves has."""

from __future__ import annotations

import math

import numpy as np

from film.motion.stance import Foot, Move, Pair, Stance

_SECONDS = 0.7
"""From one pose to the next."""
_ROUND = 64
"""Poses until they begin again."""
_LOW = np.array(
    [-0.15, -0.08, -0.30, -0.6, -0.1, -0.1, -0.25, -0.5, -0.2, -0.7]
    + [-0.2, -1.0, -0.5, -0.4, -1.0, -0.2] * 2
    + [-0.6, -0.6, 0.0, 0.0]
    + [0.08, -0.15, 0.0, -0.1, 0.08, -0.15, 0.0, -0.5]
)
"""Hips (left, front, up), turn, tilt, bend, side, twist, nod, look; each arm's upper arm and
forearm; wrists and fingers; each foot's place, height and turn."""
_HIGH = np.array(
    [0.15, 0.08, -0.01, 0.6, 0.3, 0.5, 0.25, 0.5, 0.3, 0.7]
    + [1.0, 0.9, 0.7, 0.7, 1.0, 1.0] * 2
    + [0.6, 0.6, 1.0, 1.0]
    + [0.30, 0.20, 0.0, 0.5, 0.30, 0.20, 0.0, 0.1]
)


def wander(speed: float, phase: float, amount: float) -> Move:
    """Through poses by chance, both feet on the floor; `phase` says which poses."""
    random = np.random.default_rng(round(abs(phase) * 1e6))
    # In between more often than at the ends, as people are.
    shares = random.beta(1.6, 1.6, (_ROUND, len(_LOW)))
    poses = _LOW + shares * (_HIGH - _LOW)
    middle = (_LOW + _HIGH) / 2
    poses = middle + min(amount, 1.2) * (poses - middle)

    def at(t: float) -> Stance:
        place = t * speed / _SECONDS
        first, into = math.floor(place), place - math.floor(place)
        glide = into * into * (3 - 2 * into)
        one, two = poses[first % _ROUND], poses[(first + 1) % _ROUND]
        return _stance([float(v) for v in one + glide * (two - one)])

    return at


def _stance(v: list[float]) -> Stance:
    arms = [((v[k], v[k + 1], v[k + 2]), (v[k + 3], v[k + 4], v[k + 5])) for k in (10, 16)]
    upper: Pair = (arms[0][0], arms[1][0])
    fore: Pair = (arms[0][1], arms[1][1])
    return Stance(
        hips=(v[0], v[1], v[2]),
        turn=v[3],
        tilt=v[4],
        bend=v[5],
        side=v[6],
        twist=v[7],
        nod=v[8],
        look=v[9],
        upper_arms=upper,
        forearms=fore,
        wrists=(v[22], v[23]),
        curl=(v[24], v[25]),
        feet=(
            Foot(left=v[26], front=v[27], turn=v[29]),
            Foot(left=-v[30], front=v[31], turn=v[33]),
        ),
        knees=0.2,
    )
