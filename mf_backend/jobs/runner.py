"""Runs one job folder from wherever it stands to its end.

Every stage is done once: its results are kept with a hash of everything they depend on, and are
used again while the hash and the files stay right. Whatever interrupts a run (cancel, error, a
killed process), the next run goes on from there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mf_backend.contracts.disk.links import refuse_links
from mf_backend.contracts.machine.resources import PeakMemory, check_room
from mf_backend.jobs.disk.folder import JobFolder, read_job, remove_leftovers
from mf_backend.jobs.disk.lock import WAITING, hold
from mf_backend.jobs.disk.log import capture_output
from mf_backend.jobs.disk.packed import use_packed
from mf_backend.jobs.disk.state import StageRecord, Status, read_state, write_state
from mf_backend.jobs.options import JobResult, RunOptions
from mf_backend.jobs.record.codes import CHANGED, STATE_DAMAGED
from mf_backend.jobs.record.inputs import InputsChangedError
from mf_backend.jobs.running import WARNED, Run, now
from mf_backend.jobs.stages.costs import room_needed
from mf_backend.jobs.stages.names import READ, REPORT
from mf_backend.jobs.tracker import JobListener, JobTracker

if TYPE_CHECKING:
    from mf_backend.jobs.opening import OpenedJob
    from mf_backend.jobs.record.job_stage import JobStage
    from mf_backend.jobs.record.keeper import StageKeeper

_log = logging.getLogger(__name__)


def run_job(
    folder: Path,
    listener: JobListener,
    cancelled: threading.Event,
    on_start: Callable[[JobTracker, int], None] | None = None,
    options: RunOptions | None = None,
    echo: bool = False,
) -> JobResult:
    """Run the job in `folder` to its end, or as far as `options` say, and return what it left.

    File descriptors 1 and 2 go to the job's log.txt meanwhile (copied to stderr with `echo`).
    `on_start` gets the tracker, whose `snapshot` may be read from other threads, and a descriptor
    of the former stderr. Raises an MFError for everything that can go wrong; state.json then
    says so, and finished stages are kept.
    """
    options = options or RunOptions()
    job, written = read_job(folder)
    request = use_packed(job, written, options.request(written))
    with hold(job, cancelled, partial(listener.warning, WAITING)) as held:
        remove_leftovers(job)
        with capture_output(job.log, echo) as former_stderr:
            run = _WholeRun(job, request, options.until, listener, cancelled, held)
            if on_start is not None:
                on_start(run.tracker, former_stderr)
            return run.perform()


def mark_cancelled(folder: Path) -> None:
    """Write into state.json that a job was cancelled while it waited. Raises OutputError."""
    job = JobFolder(folder.absolute())
    with hold(job):
        state = replace(read_state(job.state), status=Status.CANCELLED)
        write_state(job.state, state)


class _WholeRun(Run):
    """A run that does the stages of a job in order."""

    def work(self) -> JobResult:
        """See Run."""
        check_room(room_needed(self.request.settings), "this job")
        # These pull in the clip and conditioning modules, which `import mf_backend` must not.
        from mf_backend.jobs import report
        from mf_backend.jobs.opening import open_job
        from mf_backend.jobs.record.copies import Copies

        peak = PeakMemory()
        was_done = self.state.status is Status.DONE
        self.begin()
        self._tell_former()
        self.tracker.enter(READ)
        self.save()
        job, asked = self.job, self.request.output.mp4
        copies = Copies(job)
        if asked:
            copies.check(asked)
        with open_job(
            job, self.request, self.until, self.watch, self.tracker, self.warning, self
        ) as opened:
            clip = opened.clip
            former = self.state.facts.get("reference")
            self.fact("reference", report.clip_facts(clip, opened.source))
            self.fact("inputs", opened.inputs)
            made = self._do_stages(opened, former)
            if self.until != REPORT:
                return self._pause(clip.count, was_done and not made)
            copy = str(copies.place(asked, self.warning)) if asked else ""
            self.doing = REPORT
            self.tracker.enter(REPORT)
            self.fact("peak_memory", peak.read())
            self.fact("finished", now())
            report.write_report(job, opened.request, clip, opened.engine, self.state, copy)
            report.record_report(job)
            self._finish(REPORT, "")
            self.state = replace(self.state, status=Status.DONE)
            self.save()
            return JobResult(self.request.id, job.frames, job.mp4, job.report, clip.count)

    def _do_stages(self, opened: OpenedJob, former: Any) -> bool:
        """Do what is not there yet, and say whether that was anything; `former` are the facts of
        the clip of the run before."""
        from mf_backend.actor.masks.estimators import check_estimator
        from mf_backend.jobs.record.keeper import StageKeeper

        count, hashes = opened.clip.count, opened.hashes
        stages = list(opened.stages)
        keeper = StageKeeper(
            self.job, stages, hashes, count, self.state.stages, self.warning, self.tracker.check
        )
        if isinstance(former, dict) and isinstance(former.get("count"), int):
            keeper.clear_longer(former["count"])
        kept = self._look(stages, keeper)
        if "masks" in hashes and "masks" not in kept:
            check_estimator(self.request.settings)
        self.tracker.expect(self.expected(count), kept)
        self._finish(READ, "")
        for stage in stages:
            self.doing = stage.name
            for code, message in self.warned.enter(stage.name, hashes[stage.name]):
                self.warning(code, message)
            self.fact(WARNED, self.warned.plain())
            if keeper.kept(stage):
                self._note_kept(stage.name, hashes[stage.name])
                continue
            if stage.name in kept:
                # What it was made from came out otherwise when it was made again.
                kept -= {stage.name}
                self.tracker.expect(self.expected(count), kept)
            self._run_stage(stage, hashes[stage.name], keeper)
        if keeper.made:
            self._check_all_inputs(keeper)
        return keeper.made

    def _pause(self, count: int, is_done: bool) -> JobResult:
        """End before the end: the job waits for a run that goes on, unless it is done anyway."""
        _log.info("the job waits after the stage %s, as was asked", self.until)
        self.state = replace(self.state, status=Status.DONE if is_done else Status.QUEUED)
        self.save()
        job = self.job
        return JobResult(self.request.id, job.frames, job.mp4, job.report, count, self.until)

    def _tell_former(self) -> None:
        """Forget what earlier runs said, which each stage says again if it still holds; and say
        what is damaged. Of jobs from before stages were noted with it, all is taken to hold."""
        from mf_backend.jobs import report

        if WARNED in self.state.facts:
            self.state = replace(self.state, warnings=())
        for code, message in self.state.warnings:
            self.listener.warning(code, message)
        if self.damaged:
            self.warning(
                STATE_DAMAGED,
                "state.json was damaged; what the job made is looked at by its records alone.",
            )
        if report.was_changed(self.job):
            self.warning(CHANGED, "report.json was changed since it was written; it is made again.")

    def _look(self, stages: list[JobStage], keeper: StageKeeper) -> set[str]:
        """Stages whose results are there as they were made."""
        kept: set[str] = set()
        self.tracker.begin("looking at what is done", len(stages))
        for number, stage in enumerate(stages, 1):
            if keeper.look(stage):
                kept.add(stage.name)
            self.tracker.advance(number)
        return kept

    def _note_kept(self, name: str, key: str) -> None:
        _log.info("stage %s: kept from an earlier run", name)
        record = self.state.stages.get(name)
        if record is None or not record.finished or record.hash != key:
            self.state = self.state.with_stage(name, StageRecord(key, finished=True))

    def _check_all_inputs(self, keeper: StageKeeper) -> None:
        """Read the inputs once more: a change that left the date alone may have come at any time.

        Raises InputsChangedError; what this run made is then forgotten.
        """
        try:
            self.watch.check(whole=True)
        except InputsChangedError:
            keeper.forget(everything=True)
            raise

    def _run_stage(self, stage: JobStage, key: str, keeper: StageKeeper) -> None:
        """Do one stage; it is recorded before it begins and after it ended well."""
        refuse_links(self.job.path)
        self.watch.check()
        record = self.state.stages.get(stage.name)
        spent = record.seconds if record is not None and record.hash == key else 0.0
        _log.info("stage %s: begins", stage.name)
        self.tracker.enter(stage.name)
        self.state = self.state.with_stage(stage.name, StageRecord(key, spent))
        self.save()
        made_from = keeper.begin(stage)
        try:
            made = stage.run(self.tracker, made_from)
            self.watch.check()
        except BaseException as error:
            if isinstance(error, InputsChangedError):
                keeper.forget(everything=False)
            seconds = spent + self.tracker.leave()
            self.state = self.state.with_stage(stage.name, StageRecord(key, seconds))
            raise
        keeper.finish(stage)
        seconds = self._finish(stage.name, key, spent)
        if made:
            self.fact("rendered", {"frames": made, "seconds": round(seconds, 3)})

    def _finish(self, name: str, key: str, before: float = 0.0) -> float:
        seconds = self.tracker.leave()
        record = StageRecord(key, before + seconds, finished=True)
        self.state = self.state.with_stage(name, record)
        self.save()
        _log.info("stage %s: done in %.2f s", name, seconds)
        return seconds
