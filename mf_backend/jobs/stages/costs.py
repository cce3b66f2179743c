"""What a job's stages roughly cost."""

from __future__ import annotations

from contextlib import suppress

from mf_backend.actor.masks.estimators import ALWAYS_HERE
from mf_backend.contracts.errors import MFError
from mf_backend.contracts.machine.resources import Room
from mf_backend.contracts.request import JobRequest, Settings
from mf_backend.engines import load_engine
from mf_backend.jobs.stages.names import (
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
    MASKS: 0.9,
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


_MIB = 1 << 20
_ROOM = {
    READ: Room(640 * _MIB, 150 * _MIB),
    JOINTS: Room(1300 * _MIB, 750 * _MIB),
    MASKS: Room(1000 * _MIB, 380 * _MIB),
    RENDER: Room(1500 * _MIB, 620 * _MIB),
}
"""Measured on Linux with one thread: everything given; joints, masks estimated; a diffusion engine,
which loads torch, without its weights."""
_ROOM_OF_GREAT_MASKS = Room(3072 * _MIB, 2048 * _MIB)
"""The same with a mask estimator that loads a network of hundreds of MB."""


def room_needed(settings: Settings) -> Room:
    """What a job with these settings takes, roughly, on one thread."""
    room = _ROOM[READ]
    if not (settings.source_joints or settings.source_poses):
        room = room.joined(_ROOM[JOINTS])
    if not settings.source_masks:
        great = settings.mask_estimator not in ("", *ALWAYS_HERE)
        room = room.joined(_ROOM_OF_GREAT_MASKS if great else _ROOM[MASKS])
    if settings.engine != Settings().engine:
        room = room.joined(_ROOM[RENDER])
    return room


def expected_seconds(request: JobRequest, count: int) -> dict[str, float]:
    """Seconds each stage may take, in order; the tracker measures the real pace."""
    settings = request.settings
    cost = dict(_SECONDS_A_FRAME)
    if settings.source_joints or settings.source_poses:
        cost[JOINTS] = 0.02
    if settings.source_masks:
        cost[MASKS] = 0.3
    elif request.actors and not (settings.source_joints or settings.source_poses):
        # All is found in the stage that comes first, and only copied in the other.
        cost[JOINTS], cost[MASKS] = cost[JOINTS] + 0.5 * cost[MASKS], 0.03
    # An engine that cannot be loaded is refused a moment later, with a sentence.
    with suppress(MFError, ImportError):
        cost[RENDER] = load_engine(settings.engine).seconds_a_frame
    return {name: cost.get(name, _OTHER) * max(1, count) + 0.2 for name in stage_names()}
