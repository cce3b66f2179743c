"""Opening a job: its clip, engine and stages, with everything refused that can be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mf_backend.clip import Clip, hash_clip, open_clip
from mf_backend.compositing.own_plate import check_plate
from mf_backend.conditioning.base import ConditionContext
from mf_backend.conditioning.stages import check_given
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import JobRequest
from mf_backend.engines import load_engine
from mf_backend.engines.base import Engine
from mf_backend.jobs.analysis.findings import RunFindings
from mf_backend.jobs.analysis.stored import Facts, job_actor
from mf_backend.jobs.disk.folder import JobFolder, make_folders
from mf_backend.jobs.record.inputs import InputWatch
from mf_backend.jobs.record.job_stage import JobStage
from mf_backend.jobs.stages import reading
from mf_backend.jobs.stages.costs import stage_names
from mf_backend.jobs.stages.names import RENDER
from mf_backend.jobs.stages.table import chain_hashes, kept_stages
from mf_backend.jobs.tuning.kept import with_adapter


@dataclass(frozen=True)
class OpenedJob:
    """What a run of a job works from."""

    request: JobRequest
    """As it is done: with the adapter that lies beside the actor, where one is wished for."""
    clip: Clip
    source: str
    """SHA-256 of the clip."""
    inputs: dict[str, str]
    """SHA-256 of every other input."""
    engine: Engine
    stages: tuple[JobStage, ...]
    """Stages between reading and the report, up to the last one that is wanted."""
    hashes: dict[str, str]
    """What each of them depends on."""


@contextmanager
def open_job(
    job: JobFolder,
    request: JobRequest,
    until: str,
    watch: InputWatch,
    reporter: Reporter,
    warn: Callable[[str, str], None],
    facts: Facts,
) -> Iterator[OpenedJob]:
    """Open a job for its stages up to `until`; its inputs are watched from now on.

    The engine must be ready only where it is to render: hosts that condition may lack its weights.
    `facts` are for the report. Raises an MFError for everything that is wrong with the clip,
    the target or the user's files.
    """
    names = stage_names()
    wanted = names[: names.index(until) + 1]
    settings = request.settings
    renders = RENDER in wanted
    engine = reading.ready_engine(settings) if renders else load_engine(settings.engine)
    with open_clip(request.reference) as clip:
        source = reading.check_clip(clip, reporter)
        target = reading.load_target(job, request, clip.count)
        context = ConditionContext(clip, settings, target, job.conditions, first=clip.first)
        actor = job_actor(request, clip, source, facts)
        findings = RunFindings() if actor is None else actor.findings()
        context = replace(context, actor=actor, findings=findings)
        check_given(context)
        check_plate(settings, clip)
        if renders:
            request = with_adapter(request, source, actor, engine, warn)
        inputs = reading.input_hashes(job, request)
        watch.add(clip.path, hash_clip, source)
        for name, found in inputs.items():
            watch.add(job.path / name, reading.hash_path, found)
        make_folders(job)
        stages = [
            stage
            for stage in kept_stages(job, request, context, clip, engine, watch, warn)
            if stage.name in wanted
        ]
        hashes = chain_hashes(stages, [source, clip.first, clip.count])
        yield OpenedJob(request, clip, source, inputs, engine, tuple(stages), hashes)
