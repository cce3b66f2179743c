"""What a body is like, and its shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from film.people.base import base_mesh, target, target_names


@dataclass(frozen=True)
class Build:
    """A body by what it is like, each from 0 to 1 with 0.5 the average.

    `gender` 0 is female, `age` 0.19 a child, 0.5 a young and 1 an old adult. `origin` shares out
    between the three sets of features that the morphs know. `more` are single morphs by
    "folder/name" with how much of each.
    """

    gender: float = 0.5
    age: float = 0.5
    muscle: float = 0.5
    weight: float = 0.5
    height: float = 0.5
    proportions: float = 0.5
    origin: tuple[float, float, float] = (0.34, 0.33, 0.33)
    more: dict[str, float] = field(default_factory=dict)


_ORIGINS = ("african", "asian", "caucasian")


def _between(value: float, names: tuple[str, str, str]) -> dict[str, float]:
    low, middle, high = names
    if value <= 0.5:
        return {low: 1 - 2 * value, middle: 2 * value}
    return {middle: 2 - 2 * value, high: 2 * value - 1}


def _age(value: float) -> dict[str, float]:
    child = 0.1875
    if value <= child:
        return {"baby": 1 - value / child, "child": value / child}
    if value <= 0.5:
        return {"child": (0.5 - value) / (0.5 - child), "young": (value - child) / (0.5 - child)}
    return {"young": 2 - 2 * value, "old": 2 * value - 1}


def amounts(build: Build) -> dict[tuple[str, str], float]:
    """How much of each morph (folder, name) makes this body."""
    gender = {"female": 1 - build.gender, "male": build.gender}
    age = _age(build.age)
    muscle = _between(build.muscle, ("minmuscle", "averagemuscle", "maxmuscle"))
    weight = _between(build.weight, ("minweight", "averageweight", "maxweight"))
    height = _between(build.height, ("minheight", "", "maxheight"))
    shape = _between(build.proportions, ("uncommonproportions", "", "idealproportions"))
    total = sum(build.origin)
    origin = {name: share / total for name, share in zip(_ORIGINS, build.origin, strict=True)}
    found: dict[tuple[str, str], float] = {}
    for folder, factors in (
        ("macrodetails", (origin, gender, age)),
        ("macrodetails", ({"universal": 1.0}, gender, age, muscle, weight)),
        ("macrodetails/height", (gender, age, muscle, weight, height)),
        ("macrodetails/proportions", (gender, age, muscle, weight, shape)),
    ):
        there = set(target_names(folder))
        for combination in product(*(factor.items() for factor in factors)):
            amount = float(np.prod([share for _, share in combination]))
            name = "-".join(word for word, _ in combination)
            if amount > 1e-4 and name in there:
                found[folder, name] = amount
    for place, amount in build.more.items():
        folder, _, name = place.rpartition("/")
        found[folder, name] = amount
    return found


def shape(build: Build) -> NDArray[np.float32]:
    """Vertices float32 [19158, 3] of this body in rest, metres, its soles on z = 0."""
    vertices = base_mesh().vertices.copy()
    for (folder, name), amount in amounts(build).items():
        indices, moves = target(folder, name)
        vertices[indices] += np.float32(amount) * moves
    vertices[:, 2] -= vertices[:13380, 2].min()
    return vertices
