"""Somebody by a number: another body, dress and head for every seed."""

from __future__ import annotations

import colorsys

import numpy as np

from film.people.build import Build
from film.people.head import Head
from film.people.looks import Cloth, Colour
from film.people.person import Person
from film.people.wardrobe import Garment

Random = np.random.Generator
_SKINS: tuple[Colour, ...] = (
    (0.70, 0.45, 0.36), (0.62, 0.36, 0.26), (0.52, 0.29, 0.19), (0.36, 0.19, 0.11),
    (0.22, 0.11, 0.065), (0.13, 0.06, 0.04),
)  # fmt: skip
_HAIR: tuple[Colour, ...] = (
    (0.010, 0.008, 0.007), (0.03, 0.016, 0.01), (0.09, 0.04, 0.016), (0.25, 0.12, 0.04),
    (0.40, 0.24, 0.09), (0.33, 0.32, 0.31), (0.22, 0.05, 0.015),
)  # fmt: skip
_PATTERNS = ("plain", "plain", "plain", "stripes", "rings", "check", "spots", "mottle")


def _between(random: Random, low: float, high: float) -> float:
    return float(random.uniform(low, high))


def _varied(random: Random, colour: Colour, by: float = 0.12) -> Colour:
    red, green, blue = (c * _between(random, 1 - by, 1 + by) for c in colour)
    return (red, green, blue)


def _dye(random: Random) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(
        _between(random, 0, 1), _between(random, 0, 1) ** 1.5, _between(random, 0.03, 0.8)
    )
    return (red, green, blue)


def _cloth(random: Random) -> Cloth:
    return Cloth(
        _dye(random), _dye(random), str(random.choice(_PATTERNS)), _between(random, 8, 30)
    )  # fmt: skip


def anyone(seed: int) -> Person:
    """The person of this seed; the same one every time."""
    random = np.random.default_rng(seed)
    male = bool(random.integers(2))
    build = Build(
        gender=_between(random, 0.85, 1.0) if male else _between(random, 0.0, 0.15),
        age=_between(random, 0.3, 0.95),
        muscle=_between(random, 0.3, 0.8),
        weight=_between(random, 0.25, 0.9),
        height=_between(random, 0.25, 0.8),
        proportions=_between(random, 0.3, 0.8),
        origin=tuple(float(share) for share in random.dirichlet((0.6, 0.6, 0.6))),  # type: ignore[arg-type]
    )
    styles = ("short", "cropped", "curly", "bald") if male else ("long", "bun", "short", "curly")
    head = Head(
        hair=str(random.choice(styles)),
        hair_colour=_varied(random, _HAIR[random.integers(len(_HAIR))]),
        iris=_varied(random, ((0.10, 0.06, 0.03), (0.10, 0.18, 0.28))[random.integers(2)], 0.3),
        beard=_between(random, 0.3, 0.8) if male and random.random() < 0.4 else 0.0,
    )
    skin = _varied(random, _SKINS[random.integers(len(_SKINS))], 0.08)
    return Person(build, skin, head, _dress(random, male), seed)


def _dress(random: Random, male: bool) -> tuple[Garment, ...]:
    long = bool(random.random() < 0.65)
    if not male and random.random() < 0.4:
        below = Garment("skirt", _cloth(random), length=_between(random, 0.4, 0.9))
    else:
        below = Garment(
            "trousers",
            _cloth(random),
            length=_between(random, 0.88, 0.97) if long else _between(random, 0.3, 0.6),
            ease=_between(random, 0.008, 0.02),
            hem=_between(random, 0.004, 0.03),
        )
    top = Garment(
        "top",
        _cloth(random),
        sleeve=float(random.choice([0.15, 0.4, 0.5, 0.7, 0.97])),
        length=_between(random, 0.06, 0.28),
        ease=_between(random, 0.008, 0.02),
        hem=_between(random, 0.0, 0.015),
    )
    return (below, top, Garment("shoes", Cloth(_dye(random)), ease=0.007))
