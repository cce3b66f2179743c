"""Whether what is seen of a fitted job is still what a render would start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from mf_backend.contracts.errors import MFError

from ... import ids
from ...core.rig.joints.compose import compose
from .. import compat
from ..draw_cache import once
from ..footage import source
from ..paths import real_path
from ..rig import lookup
from ..rig.camera import pixel_aspect, read_camera
from . import fit, overlay

_PIXELS = 1.0
"""Away from where it was, a joint is somewhere else."""


@once
def changed_since(scene: Any) -> str:
    """A sentence on what changed since the scene's fitted job was made; empty: nothing known to.

    The pose is compared at the scene's frame, where the job has one of that very time.
    """
    job = fit.known(scene)
    if job is None:
        return ""
    values = getattr(scene, ids.SCENE_PROPERTY)
    if _other_clip(scene, values, job):
        return "Made from other footage than is chosen now."
    try:
        armature = lookup.find_armature(scene, values.armature.name if values.armature else "")
        if job.origin.armature and armature.name != job.origin.armature:
            return f"Made with the rig {job.origin.armature}, not {armature.name}."
        if _pose_moved(scene, values, job):
            return "Made before the pose changed, or the camera: render again to have it as now."
    except (MFError, ReferenceError):
        # Nothing can be rendered now; the sections say why.
        return ""
    return ""


def _other_clip(scene: Any, values: Any, job: fit.FitJob) -> bool:
    if values.source == "FILE":
        path = real_path(values.clip) if values.clip else None
        # One picture of a sequence stands for its folder.
        return path is not None and Path(job.clip) not in (path, path.parent)
    strip = source.chosen_strip(compat.sequencer_scene(bpy.context), values.strip)
    if strip is None:
        return False
    text = strip.filepath if strip.type == "MOVIE" else strip.directory
    return real_path(text) != Path(job.clip)


def _pose_moved(scene: Any, values: Any, job: fit.FitJob) -> bool:
    index, shown = job.index_at(scene.frame_current_final), overlay.current()
    if index is None or job.asked is None or shown is None or bpy.context.scene != scene:
        return False
    if abs(job.frames[index] - scene.frame_current_final) > 1e-3:
        return False
    depsgraph = bpy.context.view_layer.depsgraph
    pose = shown.rig.read(scene, values, depsgraph)
    if pose is None:
        return False
    camera = lookup.find_camera(scene, values.camera.name if values.camera else "")
    lens = read_camera(camera, depsgraph)
    now = compose(pose, lens, job.conditions.size, pixel_aspect(scene))
    away = np.abs(now - job.asked[index])
    return bool(np.isfinite(away).any() and np.nanmax(away) > _PIXELS)
