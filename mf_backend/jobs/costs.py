"""What a job's stages roughly cost."""

from __future__ import annotations

from contextlib import suppress

from mf_backend.actor.masks.estimators import ALWAYS_HERE
from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import JobRequest, Settings
from mf_backend.engines import load_engine
from mf_backend.jobs.stage_names import (
    ALIGN,
    ENCODE,
    JOINTS,
    MASKS,
    READ,
    RENDER,
    REPORT,
    TARGET_MASK,
)

_SECONDS_A_FRAME = {
    READ: 0.002,
    JOINTS: 0.5,
    MASKS: 0.6,
    ALIGN: 0.1,
    TARGET_MASK: 0.15,
    RENDER: 1.0,
    ENCODE: 0.05,
    REPORT: 0.001,
}
"""Rough costs at 512x512 on two busy cores; they only divide the bar until the pace is known."""
_OTHER = 0.1
"""The same for a stage without a figure there."""


def stage_names() -> tuple[str, ...]:
    """All stages of a job in order."""
    # Imported here, because conditioning is more than whoever asks for a cost has loaded.
    from mf_backend.conditioning.stages import STAGES

    return (READ, *(stage.name for stage in STAGES), RENDER, ENCODE, REPORT)


_SPACE = {READ: 640 << 20, JOINTS: 1300 << 20, MASKS: 1000 << 20, RENDER: 1500 << 20}
"""Address space, measured on Linux with one thread: everything given; joints, masks estimated; a
diffusion engine, which loads torch, without its weights."""
_GREAT_MASKS = 3 << 30
"""The same with a mask estimator that loads a network of hundreds of MB."""


def address_space(settings: Settings) -> int:
    """Bytes of address space that a job with these settings takes, roughly, on one thread."""
    needs = [_SPACE[READ]]
    if not (settings.source_joints or settings.source_poses):
        needs.append(_SPACE[JOINTS])
    if not settings.source_masks:
        great = settings.mask_estimator not in ("", *ALWAYS_HERE)
        needs.append(_GREAT_MASKS if great else _SPACE[MASKS])
    if settings.engine != Settings().engine:
        needs.append(_SPACE[RENDER])
    return max(needs)


def expected_seconds(request: JobRequest, count: int) -> dict[str, float]:
    """Seconds each stage may take, in order; the tracker measures the real pace."""
    settings = request.settings
    cost = dict(_SECONDS_A_FRAME)
    if settings.source_joints or settings.source_poses:
        cost[JOINTS] = 0.02
    if settings.source_masks:
        cost[MASKS] = 0.03
    # An engine that cannot be loaded is refused a moment later, with a sentence.
    with suppress(MFError, ImportError):
        cost[RENDER] = load_engine(settings.engine).seconds_a_frame
    return {name: cost.get(name, _OTHER) * max(1, count) + 0.2 for name in stage_names()}
