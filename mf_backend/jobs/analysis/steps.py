"""The progress of an analysis: its stages as parts of one row of steps."""

from __future__ import annotations

from mf_backend.contracts.progress import Reporter
from mf_backend.jobs.record.inputs import InputWatch

NAME = "actor"
_JOINTS, _MATTES, _MASKS = 6, 4, 2
"""Steps a frame: roughly the seconds' proportions on two cores."""


class Steps:
    """Reporters for the parts of one analysis; all look whether the clip is still the same."""

    def __init__(self, reporter: Reporter, count: int, watch: InputWatch) -> None:
        self._reporter, self._count, self._watch = reporter, count, watch
        self._done = 0
        reporter.begin(NAME, count * (_JOINTS + _MATTES + _MASKS))

    def check(self) -> None:
        """See Reporter."""
        self._reporter.check()

    def joints(self) -> Reporter:
        """For the stage "joints"."""
        return _Part(self, 0, _JOINTS * self._count)

    def mattes(self, made: int) -> None:
        """So many mattes are there."""
        self.reach(_JOINTS * self._count + _MATTES * made, "mattes")

    def masks(self) -> Reporter:
        """For the stage "masks"."""
        return _Part(self, (_JOINTS + _MATTES) * self._count, _MASKS * self._count)

    def reach(self, step: int, note: str) -> None:
        """Tell progress, which never falls."""
        self._watch.check_often()
        self._done = max(self._done, step)
        self._reporter.advance(self._done, note)

    def begin(self, stage: str, total: int) -> None:
        """No stage of its own."""

    def advance(self, step: int, note: str = "") -> None:
        """See Reporter."""
        self.reach(step, note)

    def warn(self, code: str, message: str) -> None:
        """See Reporter."""
        self._reporter.warn(code, message)


class _Part:
    """A Reporter for one stage, which takes `units` steps of all from `start` on."""

    def __init__(self, steps: Steps, start: int, units: int) -> None:
        self._steps, self._start, self._units, self._total = steps, start, units, 0

    def begin(self, stage: str, total: int) -> None:
        """A stage begins, once; parts inside it have reporters of their own."""
        self._total = max(self._total, total)

    def advance(self, step: int, note: str = "") -> None:
        """See Reporter."""
        share = min(1.0, step / self._total) if self._total else 1.0
        self._steps.reach(self._start + round(share * self._units), note)

    def check(self) -> None:
        """See Reporter."""
        self._steps.check()

    def warn(self, code: str, message: str) -> None:
        """Nothing: what is told is told for the frames that are asked for, from the figures."""
