"""What was measured and found of the actor's shadow, kept among findings: it is the same for every
take."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.shadow.model import Onto, ShadowModel, Throw
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.findings import Arrays, Findings, KeyedFindings, key_of

Floats = NDArray[np.float32]

_KIND, _FOUND = "shadow", "shadow-found"
_MADE = "4"
"""Goes up whenever the same frames and masks are measured otherwise."""
_SIDES = range(1, 1 << 14)
_KEPT = {
    "words": WantedArray((range(1 << 20),), "[bytes]"),
    "base": WantedArray((_SIDES, _SIDES, (3,)), "[height, width, 3]"),
}

_PICTURE = {
    "picture": WantedArray((_SIDES, _SIDES), "[height, width]"),
}


@dataclass(frozen=True)
class Measured:
    """A shadow's way, and how much of it there is."""

    model: ShadowModel
    share: float
    """Mean share of the picture that is in shadow."""
    base: Floats
    """[h, w, 3] share of the light that a shadow takes in all frames."""


def kept_measure(
    findings: Findings,
    plate_key: NDArray[np.uint8],
    feet: NDArray[np.float64],
    measure: Callable[[], Measured],
) -> Measured:
    """What `measure` says, measured once for a plate of this key and feet on these rows."""
    found = _of(findings, plate_key, feet).load_or_make(_KIND, 0, _KEPT, lambda: _arrays(measure()))
    model, share = _read(found["words"].astype(np.uint8).tobytes())
    return Measured(model, share, found["base"].astype(np.float32))


class KeptShadows:
    """The shadows that were found in single frames, which are the same for every take.

    Grey pictures [H, W], 255 in the shadow, of a plate of this key and feet on these rows.
    """

    def __init__(
        self, findings: Findings, plate_key: NDArray[np.uint8], feet: NDArray[np.float64]
    ) -> None:
        self._kept = _of(findings, plate_key, feet)

    def of(self, index: int, find: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """The shadow of a frame: as it was kept, or as `find` finds it now."""
        found = self._kept.load_or_make(_FOUND, index, _PICTURE, lambda: {"picture": find()})
        return found["picture"].astype(np.uint8)


def _of(
    findings: Findings, plate_key: NDArray[np.uint8], feet: NDArray[np.float64]
) -> KeyedFindings:
    return KeyedFindings(findings, key_of([_MADE, plate_key, feet]))


def _arrays(measured: Measured) -> Arrays:
    words = json.dumps([asdict(measured.model), measured.share]).encode()
    return {"words": np.frombuffer(words, np.uint8), "base": measured.base}


def _read(words: bytes) -> tuple[ShadowModel, float]:
    model, share = json.loads(words)
    throws = tuple(Throw(**{**throw, "onto": Onto(throw["onto"])}) for throw in model["throws"])
    return (
        ShadowModel(
            throws=throws,
            strengths=tuple(_three(values) for values in model["strengths"]),
            softness=tuple(float(value) for value in model["softness"]),
            contact=_three(model["contact"]),
            deepest=_three(model["deepest"]),
            reach=float(model["reach"]),
        ),
        float(share),
    )


def _three(values: list[float]) -> tuple[float, float, float]:
    a, b, c = (float(value) for value in values)
    return (a, b, c)
