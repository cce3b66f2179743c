"""Progress of one job: which stage, how much of the whole, how long still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from mf_backend.contracts.errors import CancelledError

_PREPARING = 0.3
"""Share of a stage's rest that a part which prepares it is taken for."""

_OVERDUE = 10.0
"""Seconds by which one step may outlast all that was left; then the pace says nothing more."""


@dataclass(frozen=True)
class Progress:
    """How far a job is right now."""

    stage: str
    step: int
    total: int
    overall: float
    """0..1, never falling."""
    seconds_left: float | None
    """None while there is nothing to judge by."""
    note: str
    frame: str | None
    """Absolute path of the latest finished frame."""


class JobListener(Protocol):
    """Hears what a running job has to say; called from the thread that does the work."""

    def progress(self, progress: Progress) -> None:
        """A stage began or a unit of it was done."""

    def warning(self, code: str, message: str) -> None:
        """A sentence that a person should read."""


class JobTracker:
    """The Reporter that stages and engines talk to; `snapshot` may be called from any thread.

    `expected` holds seconds for each stage still to do, in order; only their proportions matter,
    since the pace is measured while the job runs. `reached` is the share that an earlier run told:
    the bar stands there until this one is as far.
    """

    def __init__(
        self,
        listener: JobListener,
        cancelled: threading.Event,
        expected: Mapping[str, float],
        on_step: Callable[[Progress], None],
        reached: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        on_check: Callable[[], None] = lambda: None,
    ) -> None:
        self._listener = listener
        self._cancelled = cancelled
        self._expected = dict(expected)
        self._on_step = on_step
        self._on_check = on_check
        self._clock = clock
        self._lock = threading.Lock()
        self._stage = next(iter(expected), "")
        self._note = ""
        self._part = ""
        self._step = 0
        self._total = 0
        self._frame: str | None = None
        self._before = 0.0
        self._stage_began = self._part_began = self._stepped = clock()
        self._done: dict[str, float] = {}
        self._kept = 0.0
        """What the stages would have cost whose results are there."""
        self._overall = reached

    def enter(self, stage: str) -> None:
        """The runner starts a stage."""
        with self._lock:
            now = self._clock()
            self._stage, self._part, self._note = stage, stage, ""
            self._step = self._total = 0
            self._before = 0.0
            self._stage_began = self._part_began = self._stepped = now
        self._tell()

    def expect(self, expected: Mapping[str, float], kept: Collection[str]) -> None:
        """Set what the stages may cost, once it is known which results are `kept`."""
        with self._lock:
            self._expected = {k: v for k, v in expected.items() if k not in kept}
            self._kept = sum(expected[name] for name in kept if name in expected)

    def leave(self) -> float:
        """The runner ends the stage; returns the seconds it took."""
        with self._lock:
            seconds = self._clock() - self._stage_began
            self._done[self._stage] = seconds
        return seconds

    def begin(self, stage: str, total: int) -> None:
        """See Reporter. Work may begin parts of other names before the one named as the stage."""
        self.check()
        with self._lock:
            self._before = self._fraction()
            self._part, self._note = stage, ""
            self._step, self._total = 0, max(0, total)
            self._part_began = self._stepped = self._clock()
        self._tell()

    def advance(self, step: int, note: str = "") -> None:
        """See Reporter."""
        self.check()
        with self._lock:
            self._step, self._note = step, note
            self._stepped = self._clock()
        self._tell()

    def check(self) -> None:
        """See Reporter."""
        if self._cancelled.is_set():
            raise CancelledError()
        self._on_check()

    def warn(self, code: str, message: str) -> None:
        """See Reporter."""
        self._listener.warning(code, message)

    def frame_done(self, path: str) -> None:
        """A finished frame is on disk."""
        with self._lock:
            self._frame = path

    def _tell(self) -> None:
        progress = self.snapshot()
        self._on_step(progress)
        self._listener.progress(progress)

    def _fraction(self) -> float:
        """How much of the stage is done, 0..1.

        How many preparing parts will come is not known, so each takes a share of what is left.
        """
        part = min(1.0, self._step / self._total) if self._total else 0.0
        share = 1.0 if self._part == self._stage else _PREPARING
        return self._before + (1.0 - self._before) * share * part

    def snapshot(self) -> Progress:
        """How far the job is now."""
        with self._lock:
            now = self._clock()
            fraction = self._fraction()
            whole = self._kept + sum(self._expected.values()) or 1.0
            before = self._kept + sum(self._expected.get(name, 0.0) for name in self._done)
            current = 0.0 if self._stage in self._done else self._expected.get(self._stage, 0.0)
            reached = min(1.0, (before + current * fraction) / whole)
            self._overall = max(self._overall, reached)
            note = self._note
            if self._part != self._stage:
                note = f"{self._part}: {note}" if note else self._part
            return Progress(
                stage=self._stage,
                step=self._step,
                total=self._total,
                overall=self._overall,
                seconds_left=self._seconds_left(now, fraction),
                note=note,
                frame=self._frame,
            )

    def _rest_of_stage(self, fraction: float) -> float:
        """Seconds the stage still took at its last step: at the pace of its main part, once that
        has begun, else at the stage's."""
        if self._part == self._stage and self._step:
            return (
                (self._stepped - self._part_began) * max(0, self._total - self._step) / self._step
            )
        return (self._stepped - self._stage_began) * (1.0 - fraction) / fraction

    def _seconds_left(self, now: float, fraction: float) -> float | None:
        """Rest of this stage at its measured pace, later ones at the job's pace so far."""
        expected = self._expected.get(self._stage, 0.0)
        spent = sum(self._done.values())
        planned = sum(self._expected.get(name, 0.0) for name in self._done)
        rest = 0.0
        if self._stage not in self._done:
            if fraction > 0.0:
                rest = self._rest_of_stage(fraction) - (now - self._stepped)
                if rest < -_OVERDUE:
                    return None
                rest = max(0.0, rest)
                spent += self._stepped - self._stage_began
                planned += expected * fraction
            else:
                rest = max(0.0, expected - (now - self._stage_began))
        if planned <= 0.0 or spent <= 0.0:
            return None
        waiting = [n for n in self._expected if n not in self._done and n != self._stage]
        later = sum(self._expected[name] for name in waiting)
        return rest + later * spent / planned
