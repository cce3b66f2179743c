"""The benchmark's shots: one JSON file each in shots/, and the list of those held out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from film.description import read
from film.shooting.shot import Shot
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_value

FOLDER = Path(__file__).parent / "shots"
PEOPLE = Path(__file__).parent / "people.json"
HELD_OUT = Path(__file__).parent / "held_out.txt"
FILM = 1
"""Raise it when the same description gives other pictures."""


def names() -> tuple[str, ...]:
    """All shots' names."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def held_out() -> frozenset[str]:
    """Names of the shots that nothing may be tuned to."""
    lines = HELD_OUT.read_text("utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and line[0] != "#")


def load(name: str) -> Shot:
    """A shot by name. Raises InputError where there is none or its description is wrong."""
    if name not in names():
        raise InputError(
            "truth-shot",
            f"There is no shot {name!r}.",
            f"Shots: {', '.join(names())}.",
        )
    value = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    people = json.loads((PEOPLE).read_text("utf-8"))
    for place in (value, value.get("other", {})):
        if isinstance(place.get("person"), str):
            place["person"] = people[place["person"]]
    return read(Shot, {"name": name, **value}, name)


def still(name: str) -> Shot:
    """A small stand-in for a shot: two pictures of a quarter of its size, half a second apart."""
    whole = load(name)
    across, down = (side // 4 for side in whole.size)
    return dataclasses.replace(
        whole, name=f"still-{name}", size=(across, down), frames=2, fps=2.0, samples=3
    )


def described(shot: Shot) -> dict[str, Any]:
    """The shot as JSON."""
    value: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(shot)))
    return value


def hash_of(shot: Shot) -> str:
    """Twelve letters that change with the shot's description and with the way of filming."""
    return hash_value({"film": FILM, "shot": described(shot)})[:12]


def folder_name(shot: Shot) -> str:
    """Name of the shot's folder in the cache."""
    return f"{shot.name}-{hash_of(shot)}"
