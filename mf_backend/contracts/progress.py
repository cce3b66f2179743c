"""How long work tells what it is doing, and how it learns that it should stop."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Receives progress of one job. Work calls `begin` once a stage and `advance` after each unit.

    `advance` and `check` raise `CancelledError` (contracts/errors.py) once the job was cancelled,
    so that work stops at the next unit without knowing who asked.
    """

    def begin(self, stage: str, total: int) -> None:
        """A named stage of `total` units starts (0 where the number is unknown)."""

    def advance(self, step: int, note: str = "") -> None:
        """`step` units of the current stage are done, counted from 1."""

    def check(self) -> None:
        """Raise CancelledError if the job was cancelled; cheap enough for inner loops."""

    def warn(self, code: str, message: str) -> None:
        """Something a person should know that does not stop the job; one sentence."""


class NullReporter:
    """A Reporter that says nothing and is never cancelled; keeps the warnings for its caller."""

    def __init__(self) -> None:
        self.warnings: list[tuple[str, str]] = []

    def begin(self, stage: str, total: int) -> None:
        """Nothing to show."""

    def advance(self, step: int, note: str = "") -> None:
        """Nothing to show."""

    def check(self) -> None:
        """Never cancelled."""

    def warn(self, code: str, message: str) -> None:
        """Keep the warning."""
        self.warnings.append((code, message))


class PartOfStage:
    """A Reporter for work inside another one's stage, of which it takes `units` from `start` on."""

    def __init__(self, reporter: Reporter, start: int, what: str, units: int = 0) -> None:
        self._reporter, self._start, self._what, self._units = reporter, start, what, units

    def begin(self, stage: str, total: int) -> None:
        """No stage of its own."""

    def advance(self, step: int, note: str = "") -> None:
        """Say which frame was read; also learns of a cancel."""
        done = self._start + min(step, self._units)
        self._reporter.advance(done, f"{self._what}, frame {step}")

    def check(self) -> None:
        """See Reporter."""
        self._reporter.check()

    def warn(self, code: str, message: str) -> None:
        """See Reporter."""
        self._reporter.warn(code, message)
