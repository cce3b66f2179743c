"""What was put right of the scene's actor, in lines for panels; read from disk by a thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from mf_backend.actor.mends.correction_file import read_corrections
from mf_backend.actor.mends.joint_corrections import JointCorrection
from mf_backend.actor.mends.mask_file import read_layers
from mf_backend.actor.mends.mask_layers import MaskLayer
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import read_state
from mf_backend.skeleton.joints import JOINT_NAMES

from ...core.actor.drawn.roles import role_label
from ...core.rig.mapping import joint_label
from .. import background_read, compat
from ..options import jobs_roots
from . import fit
from .actor import stored
from .fitted_actor import actor_home

_NAME = "corrections"
_FEW = 2
"""Joints that a line names; more are counted."""


@dataclass(frozen=True)
class Line:
    """One correction."""

    id: str
    text: str


@dataclass(frozen=True)
class Listed:
    """All corrections of an actor, in order of frames, or why they cannot be read."""

    lines: tuple[Line, ...] = ()
    layers: tuple[Line, ...] = ()
    """Masks that were drawn or painted, in the order in which they count."""
    trouble: str = ""


class _Kept:
    """The latest answer, and for which actor's or job's folder it was given."""

    place: Path | None = None
    listed = Listed()


def forget() -> None:
    """Look again when next asked."""
    _Kept.place = None
    stored.look_again()
    background_read.forget(_NAME)
    compat.redraw_panels()


def known(scene: Any) -> Listed:
    """The corrections of the scene's actor, as last read; newer soon."""
    actor, job = stored.known(scene), fit.known(scene)
    if actor is not None:
        place = actor.folder.path
    elif job is not None:
        place = job.folder
    else:
        return Listed()
    roots = tuple(jobs_roots())
    if _Kept.place != place:
        if bpy.app.background:
            _Kept.place, _Kept.listed = place, _read(place, roots)
        elif not background_read.waits(_NAME):
            _ask(place, roots)
    return _Kept.listed


def _ask(folder: Path, roots: tuple[Path, ...]) -> None:
    def take(listed: Listed) -> None:
        _Kept.place, _Kept.listed = folder, listed
        compat.redraw_panels()

    background_read.read_in_background(_NAME, lambda: _read(folder, roots), take)


def _read(folder: Path, roots: tuple[Path, ...]) -> Listed:
    """Runs in a thread."""
    job = JobFolder(folder)
    try:
        if ActorFolder(folder).about.is_file():
            home = ActorFolder(folder)
        else:
            request = read_request(job.request)
            home = actor_home(request, read_state(job.state).facts, roots)
        corrections, layers = read_corrections(home.mends), read_layers(home.mends)
    except MFError as error:
        return Listed(trouble=str(error))
    ordered = sorted(corrections, key=lambda one: one.frame)
    return Listed(
        tuple(Line(one.id, _words(one)) for one in ordered),
        tuple(Line(one.id, _layer_words(one)) for one in layers),
    )


def _words(correction: JointCorrection) -> str:
    """A line: "Frame 31: right elbow, right wrist"; frames counted from 1, as people do."""
    names = [joint_label(JOINT_NAMES[joint]) for joint in sorted(correction.joints)]
    more = len(names) - _FEW
    said = ", ".join(names[:_FEW]) + (f" and {more} more" if more > 0 else "")
    return f"Frame {correction.frame + 1}: {said}"


def _layer_words(layer: MaskLayer) -> str:
    """A line: "In front: Mask / post (frames 3-48)"; frames counted from 1, as people do."""
    first, last = layer.stretches[0].first + 1, layer.stretches[-1].last + 1
    frames = f"frame {first}" if first == last else f"frames {first}-{last}"
    return f"{role_label(layer.role)}: {layer.name} ({frames})"
