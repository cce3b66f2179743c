"""The stages of a job after reading: what each depends on, and whether its results are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.clip import Clip
from mf_backend.conditioning.base import ConditionContext, ConditionStage, TargetMotion
from mf_backend.conditioning.stages import STAGES
from mf_backend.contracts.files import hash_value
from mf_backend.contracts.request import JobRequest
from mf_backend.engines.base import Engine
from mf_backend.jobs import outputs
from mf_backend.jobs.folder import JobFolder
from mf_backend.jobs.reading import hash_path
from mf_backend.jobs.stage_names import ALIGN, ENCODE, RENDER
from mf_backend.jobs.tracker import JobTracker
from mf_backend.version import VERSION


@dataclass(frozen=True)
class JobStage:
    """One stage that is done once and kept."""

    name: str
    depends: Callable[[], Any]
    """Everything besides earlier stages' results that changes this one's, as JSON values."""
    complete: Callable[[], bool]
    run: Callable[[JobTracker], int | None]
    """Do the work; may return the number of frames it made."""
    reset: Callable[[], None]
    """Forget results that were made from something else."""


def _nothing() -> None:
    """Stages that overwrite all their results need no reset."""


def condition_stage(
    stage: ConditionStage, context: ConditionContext, more: Sequence[Path]
) -> JobStage:
    """A stage of conditioning as a stage of the job; it also depends on the files in `more`."""

    def depends() -> Any:
        files = [hash_path(path) for path in (*stage.inputs_used(context), *more)]
        return [stage.settings_used(context.settings), files]

    def run(tracker: JobTracker) -> None:
        stage.run(context, tracker)

    return JobStage(
        name=stage.name,
        depends=depends,
        complete=lambda: stage.outputs_complete(context.out, context.clip.count, context.clip.size),
        run=run,
        reset=_nothing,
    )


def kept_stages(
    job: JobFolder, request: JobRequest, clip: Clip, target: TargetMotion, engine: Engine
) -> list[JobStage]:
    """Stages between reading and the report, in order."""
    settings = request.settings
    context = ConditionContext(clip, settings, target, job.conditions)
    # The target's joints are an array in the context, so the stage that reads them cannot name
    # the file they came from.
    joints = [job.inside(request.target.joints, "target.joints")] if request.target.joints else []
    stages = [
        condition_stage(stage, context, joints if stage.name == ALIGN else []) for stage in STAGES
    ]
    stages.append(
        JobStage(
            name=RENDER,
            depends=lambda: [engine.name, engine.fingerprint(settings)],
            complete=lambda: not outputs.frames_to_do(job, clip.count, clip.size),
            run=lambda tracker: outputs.render(job, clip, engine, settings, tracker),
            reset=lambda: outputs.drop_frames(job),
        )
    )
    copy = request.output.mp4

    def encode(tracker: JobTracker) -> None:
        outputs.encode(job, clip, tracker)
        if copy:
            outputs.copy_mp4(job, copy)

    stages.append(
        JobStage(
            name=ENCODE,
            depends=lambda: [str(clip.fps), clip.start_seconds, copy],
            complete=lambda: outputs.mp4_complete(job, clip) and (not copy or Path(copy).is_file()),
            run=encode,
            reset=_nothing,
        )
    )
    return stages


def chain_hashes(stages: list[JobStage], source: Any) -> dict[str, str]:
    """Hash of each stage: its own dependencies and, through the chain, all earlier ones'."""
    hashes: dict[str, str] = {}
    link = hash_value([VERSION, source])
    for stage in stages:
        link = hash_value([link, stage.name, stage.depends()])
        hashes[stage.name] = link
    return hashes
