"""Makes the actor rig of a clip, in front of a camera."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import JointState
from mf_backend.contracts.errors import InputError

from ...core.actor.lifting.body import STATURE
from ...core.actor.lifting.found import Sighting
from ...core.actor.lifting.whole import Lifted, lift
from ...core.actor.material import ActorMaterial
from ...core.actor.rig.posing import pose
from ...core.actor.rig.sizes import grounded
from ..rig.motion_sampler import view_layer_with
from . import marks
from .armature import add_armature, key_motion
from .cameras import clip_views


def make(
    context: Any, material: ActorMaterial, camera: Any, stature: float, on_ground: bool
) -> Any:
    """An armature with the actor's motion, `stature` metres tall.

    With `on_ground` as tall as makes its feet stand at height zero instead, where that makes a
    person. Raises InputError for a camera without a lens, and where nobody was found.
    """
    if not np.isfinite(material.joints).any():
        raise InputError(
            "actor-absent",
            f"Nobody was found in {material.name}, so there is no motion to make a rig of.",
            "Choose other footage, or frames that show the actor.",
        )
    scene = context.scene
    layer = view_layer_with(scene, camera)
    views = clip_views(scene, layer, camera, material.size, material.frames)
    world = material.world
    if world is not None:
        # How deep a joint is that a person moved, nobody guessed.
        moved = material.states == JointState.MENDED
        world = np.where(moved[..., None], np.nan, world)
    found = Sighting(material.joints, material.states, views, material.fps, world)
    scale = stature / STATURE / scene.unit_settings.scale_length
    lifted = lift(found, scale)
    if on_ground:
        scale, lifted = _on_ground(found, lifted, scale)
    posed = pose(lifted, scale)
    armature = add_armature(context, f"{material.name} actor", posed)
    key_motion(armature, material.name, posed, material.frames)
    marks.write(armature, material, scale, views, seen(found, lifted))
    return armature


def _on_ground(found: Sighting, lifted: Lifted, scale: float) -> tuple[float, Lifted]:
    fitting = grounded(found, lifted, scale)
    if fitting is None:
        return scale, lifted
    return fitting, lift(found, fitting)


def seen(found: Sighting, lifted: Lifted) -> NDArray[np.float64]:
    """Where a lifted actor's joints are seen, [n, 60, 2]; the neck between the shoulders."""
    joints = found.views.pixels(lifted.joints)
    joints[:, 1] = (joints[:, 2] + joints[:, 5]) / 2
    return joints
