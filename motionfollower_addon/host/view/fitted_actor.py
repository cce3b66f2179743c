"""The actor that the scene's latest fitted job found, and where his clip lies on the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.mends.correction_file import read_corrections
from mf_backend.actor.mends.joint_corrections import apply_corrections
from mf_backend.actor.store.folder import (
    FOLDER,
    ActorFolder,
    actor_folder,
    actor_id,
)
from mf_backend.actor.store.reading import load_joints
from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz
from mf_backend.contracts.conditions import BESIDE, JointState
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.pointing import in_clip
from mf_backend.contracts.request import ClipKind, JobRequest, read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import read_state
from mf_backend.skeleton.joints import JOINT_COUNT

from ...core.actor.material import ActorMaterial
from ...core.backend.state import ClipFacts
from ...core.job.shot import Shot
from .. import compat
from ..footage import source
from ..options import jobs_roots
from ..panel_shot import to_shot
from ..rig.lookup import scene_fps
from . import fit
from .actor import stored

_STEP = "Press Analyse Actor, or render once: what is found of the actor is used."


def find(context: Any) -> ActorMaterial:
    """The actor of the panel's footage. Raises InputError where it was not analysed yet."""
    scene = context.scene
    analysed = stored.find(scene)
    if analysed is not None:
        return stored.material(scene, analysed)
    job = fit.fitted(scene)
    if job is None:
        raise InputError(
            "actor-unknown", "The actor of this footage was not looked for yet.", _STEP
        )
    request = read_request(JobFolder(job.folder).request)
    settings = request.settings
    followed = in_clip(settings.person, settings.clicks, request.reference.first)
    chosen = in_clip((), stored.clicks_of(scene), 0)
    if chosen and chosen != followed:
        raise InputError(
            "actor-of-other-person",
            "The person who is chosen now was not analysed yet.",
            _STEP,
        )
    facts = read_state(JobFolder(job.folder).state).facts
    clip = _clip(request, facts)
    conditions = job.conditions
    count, first = conditions.count, request.reference.first
    path = Path(request.reference.path)
    home = actor_home(request, facts, jobs_roots())
    joints, states, world = _as_found(home, job, first)
    corrections = read_corrections(home.mends)
    joints, states = apply_corrections(joints, states, range(first, first + count), corrections)
    return ActorMaterial(
        name=path.stem,
        clip=str(path),
        first=first,
        size=conditions.size,
        fps=float(clip.fps),
        joints=joints.astype(np.float64),
        states=states,
        world=None if world is None else np.asarray(world, np.float64),
        frames=_on_timeline(context, request, clip, count),
        mends=home.mends,
    )


def actor_home(request: JobRequest, facts: Mapping[str, Any], roots: Sequence[Path]) -> ActorFolder:
    """The folder of a job's actor, in the first of `roots` that has one.

    `facts` are those of the job's state; `roots` are folders of jobs.
    """
    known = facts.get("actor") or {}
    sha256 = str((facts.get("reference") or {}).get("sha256", ""))
    settings = request.settings
    person = in_clip(settings.person, settings.clicks, request.reference.first)
    identity = str(known.get("id") or actor_id(sha256, person))
    clip = Path(request.reference.path)
    homes = [actor_folder(root / FOLDER, clip, identity) for root in roots]
    return next((home for home in homes if home.path.is_dir()), homes[0])


def _as_found(
    home: ActorFolder, job: fit.FitJob, first: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32] | None]:
    """(joints, states, world) before anything was put right: from the actor's folder, else the
    job's own, which may have been made with what was put right then."""
    count = job.conditions.count
    if home.joints.is_file():
        try:
            found = load_joints(home)
        except InputError:
            # The next analysis says what is wrong with it, and mends it.
            found = {}
        rows = np.isin(found.get("frames", []), np.arange(first, first + count))
        if rows.sum() == count:
            world = found["world"][rows] if "world" in found else None
            return found["source"][rows], found["state"][rows].astype(np.uint8), world
    conditions = job.conditions
    states = _states(job.folder, conditions.source_joints)
    return conditions.source_joints, states, conditions.source_world


def _clip(request: JobRequest, facts: Mapping[str, Any]) -> ClipFacts:
    """What was found out about a job's clip."""
    known = facts.get("reference") or {}
    number, per = known.get("fps") or (25, 1)
    width, height = known.get("size") or (0, 0)
    return ClipFacts(
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
