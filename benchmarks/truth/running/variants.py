"""In which ways a shot is edited: engine, alignment, and what is given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fitting(StrEnum):
    """How the target's joints come to the actor."""

    FIT = "fit"
    """Another rig, seen by another camera: the backend fits it."""
    MATCHED = "matched"
    """The actor's own rig, seen by the shot's camera."""


class Given(StrEnum):
    """What the backend is told of the actor."""

    ESTIMATED = "estimated"
    """Nothing: joints and masks are estimated."""
    TRUE = "true"
    """His mattes and joints in the clip and, in `matched`, the joints of the truth as target."""


@dataclass(frozen=True)
class Variant:
    """One way."""

    engine: str
    fitting: Fitting
    given: Given

    @property
    def name(self) -> str:
        """As tables and folders have it."""
        return f"{self.engine}-{self.fitting}-{self.given}"


def variants(
    engines: list[str], fittings: list[Fitting], givens: list[Given]
) -> tuple[Variant, ...]:
    """Every combination."""
    return tuple(Variant(e, f, g) for e in engines for f in fittings for g in givens)
