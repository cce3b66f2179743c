"""The table of stages, and `condition`, which runs them all.

Every stage reads what earlier ones left under `out` and writes its own files there, so that a job
can go on after any of them.
"""

from __future__ import annotations

from pathlib import Path

from mf_backend.actor.masks.estimators import check_estimator
from mf_backend.conditioning.align_stage import AlignStage
from mf_backend.conditioning.base import ConditionContext, ConditionStage, TargetMotion
from mf_backend.conditioning.joints_stage import JointsStage
from mf_backend.conditioning.masks_stage import MasksStage
from mf_backend.conditioning.target_mask_stage import TargetMaskStage
from mf_backend.contracts.conditions import Conditions, load_conditions
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings

_BEFORE_LAST: tuple[ConditionStage, ...] = (JointsStage(), MasksStage(), AlignStage())
STAGES: tuple[ConditionStage, ...] = (
    *_BEFORE_LAST,
    TargetMaskStage(reports_on=tuple(stage.name for stage in _BEFORE_LAST)),
)
"""All stages in order. The last one also reports on those before it."""


def check_given(context: ConditionContext) -> None:
    """Refuse everything of the user's that any stage cannot work with. Raises InputError."""
    for stage in STAGES:
        stage.check(context)


def condition(
    clip: FrameSource,
    settings: Settings,
    target: TargetMotion,
    out: Path,
    reporter: Reporter,
    first: int = 0,
) -> Conditions:
    """Run all stages and return the finished folder; the first frame used is `first` of the clip.

    Raises InputError with one sentence where the clip, the target or the user's own files do not
    fit; warnings go to the reporter.
    """
    context = ConditionContext(clip, settings, target, out, first=first)
    check_given(context)
    check_estimator(settings)
    for stage in STAGES:
        reporter.check()
        stage.run(context, reporter)
    return load_conditions(out)
