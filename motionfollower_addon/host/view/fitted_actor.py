"""The actor that the scene's latest fitted job found, and where his clip lies on the timeline."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz
from mf_backend.contracts.conditions import BESIDE, JointState
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import ClipKind, JobRequest, read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import read_state
from mf_backend.skeleton.joints import JOINT_COUNT

from ...core.actor.material import ActorMaterial
from ...core.backend.state import ClipFacts
from ...core.job.shot import Shot
from .. import compat
from ..footage import source
from ..panel_shot import to_shot
from ..rig.lookup import scene_fps
from . import fit

_STEP = "Render once with the preview engine: what it finds of the actor is used."


def find(context: Any) -> ActorMaterial:
    """The actor of the panel's footage. Raises InputError where it was not analysed yet."""
    scene = context.scene
    job = fit.fitted(scene)
    if job is None:
        raise InputError(
            "actor-unknown", "The actor of this footage was not looked for yet.", _STEP
        )
    request, facts = _clip(job.folder)
    conditions = job.conditions
    count = conditions.count
    path = Path(request.reference.path)
    world = conditions.source_world
    frames = _on_timeline(context, request, facts, count)
    return ActorMaterial(
        name=path.stem,
        clip=str(path),
        first=request.reference.first,
        size=conditions.size,
        fps=float(facts.fps),
        joints=np.asarray(conditions.source_joints, np.float64),
        states=_states(job.folder, conditions.source_joints),
        world=None if world is None else np.asarray(world, np.float64),
        frames=frames,
    )


def _clip(folder: Path) -> tuple[JobRequest, ClipFacts]:
    """The job's request, and what was found out about its clip."""
    job = JobFolder(folder)
    request = read_request(job.request)
    known = read_state(job.state).facts.get("reference") or {}
    number, per = known.get("fps") or (25, 1)
    width, height = known.get("size") or (0, 0)
    facts = ClipFacts(
        kind=ClipKind(known.get("kind") or request.reference.kind),
        width=width,
        height=height,
        fps=Fraction(number, per),
        count=int(known.get("frames_in_clip") or request.reference.first + 1),
        has_audio=False,
        variable_rate=False,
        first_number=0,
        missing_numbers=(),
    )
    return request, facts


def _states(folder: Path, joints: NDArray[np.float32]) -> NDArray[np.uint8]:
    """How each joint came about; where the file does not say, every joint counts as found."""
    wanted = WantedArray(((len(joints),), (JOINT_COUNT,)), "[frames, 60]")
    beside = (*BESIDE, "source", "target", "size")
    try:
        found = read_npz(
            JobFolder(folder).conditions / "joints.npz", {"source_state": wanted}, beside
        )
    except NpzError:
        known = np.isfinite(joints).all(axis=-1)
        return np.where(known, JointState.FOUND, JointState.ABSENT).astype(np.uint8)
    return found["source_state"].astype(np.uint8)


def _on_timeline(
    context: Any, request: JobRequest, facts: ClipFacts, count: int
) -> tuple[float, ...]:
    """Scene frame of each of the job's frames: in its strip, else from the scene's start on."""
    shot = to_shot(context.scene)
    rate = scene_fps(context.scene)
    first = request.reference.first
    own = float(facts.fps) / rate
    start, skipped = float(context.scene.frame_start), first
    sequencer = compat.sequencer_scene(context) or context.scene
    footage = source.resolve(sequencer, shot)
    if footage.path != Path(request.reference.path):
        raise InputError(
            "actor-of-other-clip",
            f"The actor was looked for in {Path(request.reference.path).name}, and the chosen "
            f"footage is {footage.path.name}.",
            _STEP,
        )
    if footage.strip:
        span = source.used_span(footage, facts, Shot(), rate)
        start, skipped, own = float(footage.start), span.first, span.rate
    return tuple(round(start + (first + k - skipped) / own, 6) for k in range(count))
