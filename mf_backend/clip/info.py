"""What is known about a clip before its frames are read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mf_backend.contracts.request import ClipKind

DEFAULT_IMAGE_FPS = Fraction(24)
"""Rate of a folder of images where nobody says otherwise."""

_WHOLE_RATES = (10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 144, 240)
_RATES = tuple(Fraction(r) for r in _WHOLE_RATES) + tuple(
    Fraction(r * 1000, 1001) for r in (24, 30, 48, 60, 120, 240)
)


@dataclass(frozen=True)
class ClipInfo:
    """A clip's facts. Size is in pixels as shown (after a phone's rotation mark was applied)."""

    kind: ClipKind
    width: int
    height: int
    fps: Fraction
    count: int
    has_audio: bool = False
    variable_rate: bool = False
    """Frames are not evenly spaced in time; they are taken one by one as they are."""
    first_number: int = 0
    """Number in the first file's name; image folders only."""
    missing_numbers: tuple[int, ...] = ()
    """Numbers with no file between the first and the last; image folders only."""
    notes: tuple[tuple[str, str], ...] = ()
    """Things worth a warning, each (code, sentence)."""


def as_rate(value: float | Fraction) -> Fraction:
    """A frame rate as a fraction, snapped to a usual rate (23.976, 25, …) within 0.02 %."""
    exact = Fraction(value)
    if exact <= 0:
        return DEFAULT_IMAGE_FPS
    best = min(_RATES, key=lambda rate: abs(rate - exact))
    if abs(best - exact) <= exact * Fraction(2, 10000):
        return best
    return exact.limit_denominator(100_000)
