"""Making some frames of a job, while other hosts make others in the same folder.

The stages before are those of the whole job and are done once, by whoever holds it; a run of the
whole job takes the frames over and encodes them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.engines import load_engine, makes_frames_apart
from mf_backend.jobs.disk.folder import FrameRange, PartFolder, read_job
from mf_backend.jobs.disk.lock import WAITING, hold
from mf_backend.jobs.disk.log import capture_output
from mf_backend.jobs.disk.state import StageRecord, Status
from mf_backend.jobs.options import JobResult, RunOptions
from mf_backend.jobs.record.inputs import InputsChangedError
from mf_backend.jobs.runner import run_job
from mf_backend.jobs.running import Run
from mf_backend.jobs.stages.names import READ, RENDER, TARGET_MASK
from mf_backend.jobs.tracker import JobListener, JobTracker

_AGAIN = 2
"""How often the stages before may have to be done until the frames can be made."""


class _NotConditionedError(MFError):
    """The stages before the frames are not done, or not as they are asked for now."""


def run_frames(
    folder: Path,
    frames: FrameRange,
    listener: JobListener,
    cancelled: threading.Event,
    on_start: Callable[[JobTracker, int], None] | None = None,
    options: RunOptions | None = None,
) -> JobResult:
    """Make the frames of one range, after the stages before where those are not done yet.

    See run_job. Raises InputError for an engine that makes all frames together and for frames that
    the clip does not have, and BusyError where another process works on the whole job or on frames
    of this range.
    """
    options = options or RunOptions()
    job, request = read_job(folder)
    request = options.request(request)
    engine = load_engine(request.settings.engine)
    if not makes_frames_apart(engine):
        raise InputError(
            "frames-together",
            f"The engine {engine.name} makes all frames of a clip together, so it cannot make only "
            f"frames {frames}.",
            "Leave --frames out, and give each host a job of its own.",
        )
    part = PartFolder(job.path, frames)
    say = partial(listener.warning, WAITING)
    for _ in range(_AGAIN):
        try:
            with hold(part, cancelled, say) as held, capture_output(part.log, False) as stderr:
                run = _PartRun(part, request, RENDER, listener, cancelled, held)
                if on_start is not None:
                    on_start(run.tracker, stderr)
                return run.perform()
        except _NotConditionedError as error:
            last = error
            before = replace(options, until=TARGET_MASK)
            run_job(folder, listener, cancelled, on_start, before)
    raise last


class _PartRun(Run):
    """A run that makes the frames of one range."""

    def expected(self, count: int) -> dict[str, float]:
        """See Run; the stages before are only looked at."""
        costs = super().expected(count)
        return {READ: costs[READ], RENDER: costs[RENDER]}

    def work(self) -> JobResult:
        """See Run."""
        # These pull in the clip and conditioning modules, which `import mf_backend` must not.
        from mf_backend.jobs.opening import open_job
        from mf_backend.jobs.record.keeper import StageKeeper

        part = self.job
        assert isinstance(part, PartFolder)
        self.begin()
        self.tracker.enter(READ)
        self.save()
        with open_job(
            part, self.request, RENDER, self.watch, self.tracker, self.warning, self
        ) as opened:
            count = opened.clip.count
            _check_range(part.range, count)
            *before, render = opened.stages
            keeper = StageKeeper(
                part,
                list(opened.stages),
                opened.hashes,
                count,
                {},
                self.warning,
                self.tracker.check,
            )
            if not all(keeper.recorded(stage) for stage in before):
                raise _NotConditionedError(
                    "not-conditioned",
                    "The actor's joints and masks of this job are not finished yet.",
                    f"Run it with --until {TARGET_MASK} first.",
                )
            self._finish(READ, opened.hashes[before[-1].name])
            self.doing = RENDER
            self.tracker.enter(RENDER)
            self.save()
            made_from = keeper.made_from(render)
            try:
                made = render.run(self.tracker, made_from)
                self.watch.check(whole=True)
            except InputsChangedError:
                if render.frames is not None:
                    render.frames.forget(made_from)
                raise
            seconds = self._finish(RENDER, opened.hashes[RENDER])
            self.fact("rendered", {"frames": made, "seconds": round(seconds, 3)})
            self.state = replace(self.state, status=Status.DONE)
            self.save()
        frames = part.range
        return JobResult(
            self.request.id,
            part.frames,
            part.mp4,
            part.report,
            len(frames.indices),
            RENDER,
            frames,
        )

    def _finish(self, stage: str, key: str) -> float:
        seconds = self.tracker.leave()
        self.state = self.state.with_stage(stage, StageRecord(key, seconds, finished=True))
        return seconds


def _check_range(frames: FrameRange, count: int) -> None:
    if frames.last > count:
        raise InputError(
            "frames-range",
            f"The job has {count} frames, so there are no frames {frames}.",
            f"Ask for frames between 1 and {count}.",
        )
