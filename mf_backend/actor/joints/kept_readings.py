"""Readings of people as arrays, for findings that are kept on disk."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints.hands import POINTS
from mf_backend.actor.joints.person_track import COLOURS, Candidate
from mf_backend.actor.joints.pose_views import LANDMARKS, PoseReading
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.findings import EVERYBODY, Findings

Floats = NDArray[np.float64]

_SIDES = {"points": (LANDMARKS, 2), "world": (LANDMARKS, 3)}
"""Shapes of a reading's fields; those of the others are [33]."""
_FIELDS = {item.name: _SIDES.get(item.name, (LANDMARKS,)) for item in fields(PoseReading)}
_MOST_PEOPLE = range(200)
_ONE = range(2)
"""A reading, or none."""


def _wanted(count: range, more: dict[str, tuple[int, ...]]) -> dict[str, WantedArray]:
    shapes = {**_FIELDS, **more}
    return {
        name: WantedArray((count, *({side} for side in shape)), f"[people, {shape}]")
        for name, shape in shapes.items()
    }


_PEOPLE = {**_wanted(_MOST_PEOPLE, {"colours": (COLOURS,)}), "black": WantedArray(((1,),), "[1]")}
_PERSON = {
    **_wanted(_ONE, {}),
    "near": WantedArray(((LANDMARKS,), (2,)), f"[{LANDMARKS}, 2]"),
    "hands": WantedArray(((2,), (POINTS,), (2,)), f"[2, {POINTS}, 2]"),
}


@dataclass(frozen=True)
class KeptReadings:
    """What one estimator read on each frame, in findings."""

    findings: Findings
    estimator: str

    def people(self, frame: int) -> tuple[tuple[Candidate, ...], bool] | None:
        """(everybody on a frame, whether it is black); None where nobody looked yet."""
        found = self.findings.load(f"{EVERYBODY}{self.estimator}", frame, _PEOPLE)
        if found is None:
            return None
        readings = _readings(found)
        group = zip(readings, found["colours"], strict=True)
        return tuple(Candidate(reading, colours) for reading, colours in group), bool(
            found["black"][0]
        )

    def keep_people(self, frame: int, group: tuple[Candidate, ...], black: bool) -> None:
        """Note everybody on a frame."""
        arrays = _arrays([candidate.reading for candidate in group])
        arrays["colours"] = np.array([c.colours for c in group]).reshape(-1, COLOURS)
        arrays["black"] = np.array([black])
        self.findings.keep(f"{EVERYBODY}{self.estimator}", frame, arrays)

    def person(self, frame: int, near: PoseReading) -> tuple[PoseReading | None, Floats] | None:
        """(the followed person, both hands [2, 21, 2]) as read about `near`; None where that was
        not read yet."""
        found = self.findings.load(f"person-{self.estimator}", frame, _PERSON)
        if found is None or not np.array_equal(found["near"], near.points):
            return None
        readings = _readings(found)
        return (readings[0] if readings else None), found["hands"]

    def keep_person(
        self, frame: int, near: PoseReading, reading: PoseReading | None, hands: Floats
    ) -> None:
        """Note the followed person on a frame, looked for about `near`."""
        arrays = _arrays([reading] if reading is not None else [])
        self.findings.keep(
            f"person-{self.estimator}", frame, {**arrays, "near": near.points, "hands": hands}
        )


def _arrays(readings: list[PoseReading]) -> dict[str, NDArray[Any]]:
    return {
        name: np.array([_known(getattr(reading, name), shape) for reading in readings]).reshape(
            -1, *shape
        )
        for name, shape in _FIELDS.items()
    }


def _known(values: Floats | None, shape: tuple[int, ...]) -> Floats:
    return np.full(shape, np.nan) if values is None else values


def _readings(arrays: dict[str, NDArray[Any]]) -> list[PoseReading]:
    return [
        PoseReading(
            arrays["points"][i],
            arrays["depth"][i],
            arrays["visibility"][i],
            arrays["spread"][i],
            arrays["world"][i] if np.isfinite(arrays["world"][i]).all() else None,
        )
        for i in range(len(arrays["points"]))
    ]
