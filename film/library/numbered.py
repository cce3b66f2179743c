"""The shot of a number: who, in what, where, doing what, before which camera.

Splits share neither people nor sets, and none has any of the truth benchmark's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from film.motion.moves import MOVES
from film.people import demo
from film.people.anyone import anyone
from film.people.person import Person
from film.places.cameras import Shooting
from film.places.lights import LIGHTS
from film.shooting.shot import Action, Shot
from mf_backend.contracts.errors import InputError

Random = np.random.Generator
LIMIT = 1_000_000
"""Numbers of a split."""


class Split(StrEnum):
    """What shots are for; what is held out nothing may learn from or be chosen by."""

    TRAIN = "train"
    VALIDATION = "validation"
    HELD_OUT = "held-out"


class Figure(StrEnum):
    """Who is filmed."""

    ANYONE = "anyone"
    """Somebody else for every other number."""
    DEMO = "demo"
    """Whom the demo films, in other sets and doing other things than there; to learn from alone."""


@dataclass(frozen=True)
class Series:
    """Shots that are numbered together. Those of other series of a split are other shots."""

    split: Split
    figure: Figure = Figure.ANYONE
    captures: tuple[str, ...] = ()
    """Files of motion capture (BVH), from which some of the motion is taken."""

    @property
    def name(self) -> str:
        """What the names of its shots begin with."""
        figure = () if self.figure is Figure.ANYONE else (self.figure.value,)
        return "-".join((self.split.value, *figure, *(("bvh",) if self.captures else ())))


_FIRST = {Split.TRAIN: LIMIT, Split.VALIDATION: 2 * LIMIT, Split.HELD_OUT: 3 * LIMIT}
"""Seed of a split's first person and set; the benchmark's sets have seeds below 1000."""
_DEMO_FIRST = 4 * LIMIT
_SETS = {
    Split.TRAIN: ("street", "room", "studio", "park"),
    Split.VALIDATION: ("hall",),
    Split.HELD_OUT: ("beach",),
}
_INDOORS = ("room", "studio", "hall")
_STAYING = tuple(name for name in MOVES if name not in ("walk", "sit", "carry", "lift_box"))
"""Moves that need no room, no seat and nothing to hold."""
_FILM, _TALL = 36.0, 1.75
"""The long side of a camera's film in mm, a person's height in metres."""
_WANDERING = 0.5
"""Share of actions that are poses by chance."""
_CAPTURED = 0.6
"""Share of actions that are captured motion, where there is some."""


def body_of(series: Series, number: int) -> int:
    """Number of the person of a shot; two shots in a row show the same one."""
    if series.figure is Figure.DEMO:
        return _DEMO_FIRST
    return _FIRST[series.split] + number // 2


def numbered(series: Series, number: int, side: int, frames: int, samples: int = 4) -> Shot:
    """The shot of a number at `side` x `side` pixels; the same one every time.

    Raises InputError for a number that no series has, and for a series that there is not.
    """
    if not 0 <= number < LIMIT:
        raise InputError(
            "film-number",
            f"There is no shot number {number}.",
            f"Choose numbers from 0 to {LIMIT - 1}.",
        )
    split = series.split
    if series.figure is Figure.DEMO and split is not Split.TRAIN:
        raise InputError(
            "film-figure",
            "The demo's figure is one person, whom two splits would share.",
            "Film her with --split train.",
        )
    seed = (_DEMO_FIRST if series.figure is Figure.DEMO else _FIRST[split]) + number
    random = np.random.default_rng([seed, 7])
    place = str(random.choice(_SETS[split]))
    inside = place in _INDOORS
    lights = [n for n in LIGHTS if (n in ("lamps", "window", "spot")) == inside]
    shown = (demo.SOURCE, demo.TRUTH) if series.figure is Figure.DEMO else ()
    moves = tuple(name for name in _STAYING if name not in shown)
    return Shot(
        name=f"{series.name}-{number:06d}",
        person=_person(series, number),
        source=_action(random, series, moves),
        truth=_action(random, series, moves),
        size=(side, side),
        frames=frames,
        fps=12.0,
        place=(_between(random, -0.35, 0.35), _between(random, -0.3, 0.3)),
        heading=_between(random, -50, 50),
        set=place,
        set_seed=seed,
        light=str(random.choice(lights)),
        light_turn=_between(random, -60, 60),
        exposure=_between(random, -0.5, 0.4),
        camera=_camera(random),
        samples=samples,
    )


def _person(series: Series, number: int) -> Person:
    if series.figure is Figure.DEMO:
        return demo.ACTOR
    return anyone(body_of(series, number))


def _between(random: Random, low: float, high: float) -> float:
    return float(random.uniform(low, high))


def _action(random: Random, series: Series, moves: tuple[str, ...]) -> Action:
    if series.captures and random.random() < _CAPTURED:
        move = str(random.choice(series.captures))
    else:
        move = "wander" if random.random() < _WANDERING else str(random.choice(moves))
    return Action(
        move,
        speed=_between(random, 0.7, 1.4),
        phase=_between(random, 0.0, 1.0),
        amount=_between(random, 0.7, 1.15),
    )


def _camera(random: Random) -> Shooting:
    away, share = _between(random, 3.3, 4.8), _between(random, 0.5, 0.8)
    move = str(random.choice(("static", "pan", "dolly", "handheld"), p=(0.7, 0.12, 0.09, 0.09)))
    amounts = {"static": 0.0, "pan": _between(random, -8, 8), "dolly": 0.0}
    return Shooting(
        place=(_between(random, -0.7, 0.7), -away, _between(random, 0.8, 1.6)),
        at=(_between(random, -0.2, 0.2), 0.0, _between(random, 0.82, 1.0)),
        # A standing person takes that share of the picture's height.
        lens=_FILM * away * share / _TALL,
        move=move,
        amount=amounts.get(move, _between(random, 0.3, 0.9)),
        way=(_between(random, -0.6, 0.6), _between(random, -0.2, 0.2), 0.0),
        seed=int(random.integers(1, 10_000)),
    )
