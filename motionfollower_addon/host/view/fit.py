"""The latest job of a scene whose skeletons are fitted: the actor's and the rig's, frame by frame.

Looked for on disk, by a thread, only when a run of the session moves on; panels and views ask for
it at every redraw.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz
from mf_backend.contracts.conditions import Conditions, load_conditions
from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import JobRequest, read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import JobState, read_state
from mf_backend.jobs.stages.names import ALIGN, TARGET_MASK
from mf_backend.skeleton.joints import JOINT_COUNT

from ... import ids
from ...core.job.provenance import Origin, home_scene_name, read_origin
from ...core.rig.retiming import plan
from .. import background_read, compat
from ..draw_cache import once
from ..options import jobs_roots
from ..rig.lookup import scene_fps
from ..run.session import current
from ..take import home_scene as home

_NAME = "fitted job"


@dataclass(frozen=True)
class FitJob:
    """A job whose skeletons are fitted to its actor."""

    folder: Path
    title: str
    conditions: Conditions
    frames: tuple[float, ...]
    """Scene frame of the rig for each frame of the clip."""
    masked: bool
    """Conditioning is finished, so that single frames can be previewed."""
    origin: Origin
    """The rig and motion that it was made from."""
    clip: str
    """Path of its footage."""
    asked: NDArray[np.float64] | None
    """The rig's joints [frames, 60, 2] in the clip's pixels, as they were; None where not known."""

    def index_at(self, frame: float) -> int | None:
        """The clip's frame that the rig has at a scene frame; None outside of the motion."""
        away = np.abs(self._places - frame)
        nearest = int(away.argmin())
        step = abs(self.frames[1] - self.frames[0]) if len(self.frames) > 1 else 1.0
        return nearest if away[nearest] <= max(1.0, step) / 2 + 1e-6 else None

    @functools.cached_property
    def _places(self) -> NDArray[np.float64]:
        return np.array(self.frames, np.float64)


@dataclass(frozen=True)
class _Question:
    """What has to be known of the open file to find a scene's job, as plain values."""

    scene: str
    path: str
    """Of the open file."""
    marks: tuple[tuple[str, str], ...]
    rates: dict[str, float]
    """Frames a second by scene."""
    roots: tuple[Path, ...]


class _Kept:
    """The latest answer, and for what it was given."""

    key: Any = None
    job: FitJob | None = None
    asked: Any = None
    """For what it is looked for now."""


def forget() -> None:
    """Look again when next asked."""
    _Kept.key = _Kept.job = _Kept.asked = None
    background_read.forget(_NAME)


def _key(scene: Any) -> Any:
    """Changes whenever the answer may."""
    flows = tuple(
        (str(flow.folder), flow.stage, flow.status.stage if flow.status is not None else "")
        for flow in current().flows
    )
    return (scene.name, bpy.data.filepath, scene_fps(scene), flows, current().waiting)


def _question(scene: Any) -> _Question:
    rates = {item.name: scene_fps(item) for item in bpy.data.scenes}
    return _Question(scene.name, bpy.data.filepath, home.marks(), rates, tuple(jobs_roots()))


def fitted(scene: Any) -> FitJob | None:
    """The scene's latest fitted job, looked for now; None while there is none."""
    key = _key(scene)
    if _Kept.key != key:
        background_read.forget(_NAME)
        _Kept.asked = None
        _Kept.key, _Kept.job = key, _find(_question(scene))
    return _Kept.job


@once
def known(scene: Any) -> FitJob | None:
    """The same for drawing, which must not wait for the disk: as last found, newer soon."""
    if bpy.app.background:
        return fitted(scene)
    key = _key(scene)
    if _Kept.key != key:
        if _Kept.asked != key or not background_read.waits(_NAME):
            _ask(key, _question(scene))
        if _Kept.key is None or _Kept.key[:2] != (scene.name, bpy.data.filepath):
            return None
    return _Kept.job


def _ask(key: Any, question: _Question) -> None:
    def take(job: FitJob | None) -> None:
        before, _Kept.key, _Kept.job = _Kept.job, key, job
        if job is not before:
            compat.redraw_panels()
            if any(getattr(item, ids.SCENE_PROPERTY).show_fitting for item in bpy.data.scenes):
                compat.redraw_views("VIEW_3D", "IMAGE_EDITOR")

    _Kept.asked = key
    background_read.read_in_background(_NAME, lambda: _find(question), take)


def _find(question: _Question) -> FitJob | None:
    """The latest job on disk; runs in a thread."""
    files: list[tuple[float, Path]] = []
    for root in question.roots:
        for folder in root.glob("[!.]*"):
            with contextlib.suppress(OSError):
                files.append(
                    ((JobFolder(folder).conditions / "joints.npz").stat().st_mtime, folder)
                )
    for _, folder in sorted(files, reverse=True):
        job = JobFolder(folder)
        try:
            request = read_request(job.request)
            origin = read_origin(request.about)
            if not _belongs(origin, question):
                continue
            state = read_state(job.state)
            if _finished(state, ALIGN):
                return _read(job, request, origin, state, question)
        except MFError:
            # Somebody else's folder, or one that a run is just writing.
            continue
    return None


def _belongs(origin: Origin, question: _Question) -> bool:
    at_home = home_scene_name(origin, question.marks, question.path)
    return bool(at_home) and question.scene in (origin.rig_scene, at_home)


def _finished(state: JobState, stage: str) -> bool:
    record = state.stages.get(stage)
    return record is not None and record.finished


def _read(
    job: JobFolder, request: JobRequest, origin: Origin, state: JobState, question: _Question
) -> FitJob:
    conditions = load_conditions(job.conditions)
    number, per = (state.facts.get("reference") or {}).get("fps") or (0, 1)
    rates = question.rates
    rate = rates.get(origin.rig_scene, rates[question.scene])
    motion = (origin.range[0], origin.range[1]) if len(origin.range) == 2 else (1.0, 1.0)
    clip_rate = Fraction(number, per) if number else Fraction(rate)
    frames = plan(motion, rate, conditions.count, clip_rate, origin.retime or "hold").sample_frames
    if len(frames) != conditions.count:
        # The scene's rate was changed since; the motion goes on at its pace.
        step = rate / float(clip_rate)
        frames = tuple(motion[0] + i * step for i in range(conditions.count))
    masked = _finished(state, TARGET_MASK)
    title = origin.title or job.path.name
    clip, asked = request.reference.path, _asked(job, request, conditions.count)
    return FitJob(job.path, title, conditions, frames, masked, origin, clip, asked)


def _asked(job: JobFolder, request: JobRequest, count: int) -> NDArray[np.float64] | None:
    """The joints that the job was given."""
    if not request.target.joints:
        return None
    try:
        wanted = {"target": WantedArray(((count,), (JOINT_COUNT,), (2,)), "[frames, 60, 2]")}
        found = read_npz(job.path / request.target.joints, wanted, known=("size", "positions"))
    except NpzError:
        # The job itself will say what is wrong with them.
        return None
    return np.asarray(found["target"], np.float64)


def words(scene: Any) -> str:
    """What can be seen of the fit now, in one line."""
    job = known(scene)
    if job is None:
        return "Nothing is fitted yet: render once with the preview engine."
    index = job.index_at(scene.frame_current)
    if index is None:
        return f"{job.title} shows nothing at this frame of the timeline."
    return f"{job.title}, frame {index + 1} of {job.conditions.count}"
