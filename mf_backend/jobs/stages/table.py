"""The stages of a job after reading: what each depends on, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mf_backend.clip import Clip
from mf_backend.conditioning.base import ConditionContext, ConditionStage
from mf_backend.conditioning.stages import STAGES
from mf_backend.contracts.files import hash_value
from mf_backend.contracts.request import JobRequest, Settings
from mf_backend.engines.base import Engine
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.record.frames import FinishedFrames
from mf_backend.jobs.record.inputs import InputWatch
from mf_backend.jobs.record.job_stage import JobStage
from mf_backend.jobs.stages import outputs
from mf_backend.jobs.stages.names import ALIGN, ENCODE, JOINTS, MASKS, RENDER
from mf_backend.jobs.stages.reading import hash_path
from mf_backend.jobs.tracker import JobTracker
from mf_backend.version import VERSION


def condition_stage(
    stage: ConditionStage, context: ConditionContext, job: JobFolder, more: Sequence[Path]
) -> JobStage:
    """A stage of conditioning as a stage of the job; it also depends on the files in `more`."""

    def depends() -> Any:
        files = [hash_path(path) for path in (*stage.inputs_used(context), *more)]
        own = [stage.settings_used(context.settings), files]
        mended = context.actor.digest(stage.name) if context.actor is not None else ""
        return [*own, mended] if mended and stage.name in (JOINTS, MASKS) else own

    def run(tracker: JobTracker, made_from: str) -> None:
        stage.run(context, tracker)

    return JobStage(
        name=stage.name,
        depends=depends,
        files=lambda count: tuple(
            job.relative(context.out / name) for name in stage.outputs(count)
        ),
        opens=lambda: stage.outputs_complete(context.out, context.clip.count, context.clip.size),
        run=run,
        beside=lambda count: tuple(
            job.relative(context.out / name) for name in stage.beside(count)
        ),
    )


def kept_stages(
    job: JobFolder,
    request: JobRequest,
    context: ConditionContext,
    clip: Clip,
    engine: Engine,
    watch: InputWatch,
    warn: Callable[[str, str], None],
) -> list[JobStage]:
    """Stages between reading and the report, in order."""
    settings = request.settings
    # The target's joints are an array in the context, so the stage that reads them cannot name
    # the file they came from.
    joints = [job.inside(request.target.joints, "target.joints")] if request.target.joints else []
    stages = [
        condition_stage(stage, context, job, joints if stage.name == ALIGN else [])
        for stage in STAGES
    ]
    frames = FinishedFrames(job, clip.count, clip.size, warn)
    stages.append(
        JobStage(
            name=RENDER,
            depends=lambda: [engine.name, engine.fingerprint(settings), *_plate(settings)],
            files=lambda count: tuple(job.relative(job.frame(i)) for i in range(count)),
            opens=frames.all_open,
            run=lambda tracker, made_from: outputs.render(
                job, clip, engine, settings, frames, watch, tracker, made_from, context.findings
            ),
            frames=frames,
        )
    )
    stages.append(
        JobStage(
            name=ENCODE,
            # The copy is made apart, but belongs to the hash that older jobs recorded.
            depends=lambda: [str(clip.fps), clip.start_seconds, request.output.mp4],
            files=lambda count: (job.relative(job.mp4),),
            opens=lambda: outputs.mp4_complete(job, clip),
            run=lambda tracker, made_from: outputs.encode(job, clip, frames, tracker),
        )
    )
    return stages


def _plate(settings: Settings) -> list[str]:
    """The user's own plate, which is no input of a stage before; nothing where there is none."""
    if not settings.plate:
        return []
    return [str(settings.plate_fit), hash_path(Path(settings.plate))]


def chain_hashes(stages: list[JobStage], source: Any) -> dict[str, str]:
    """Hash of each stage: its own dependencies and, through the chain, all earlier ones'."""
    hashes: dict[str, str] = {}
    link = hash_value([VERSION, source])
    for stage in stages:
        link = hash_value([link, stage.name, stage.depends()])
        hashes[stage.name] = link
    return hashes
