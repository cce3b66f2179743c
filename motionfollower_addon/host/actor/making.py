"""Makes the actor rig of a clip, in front of a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import JointState
from mf_backend.contracts.errors import InputError

from ...core.actor.lifting.body import STATURE
from ...core.actor.lifting.found import Sighting
from ...core.actor.lifting.whole import Lifted, lift
from ...core.actor.material import ActorMaterial
from ...core.actor.rig.posing import Posed, pose
from ...core.actor.rig.sizes import grounded
from ..rig.motion_sampler import view_layer_with
from . import marks
from .armature import add_armature, key_motion
from .cameras import clip_views


@dataclass(frozen=True)
class Made:
    """An actor in space."""

    scale: float
    """His size in usual people."""
    posed: Posed
    joints: NDArray[np.float64]
    """[n, 60, 2] where his joints are seen, in the clip's pixels."""


class RigMaking:
    """An actor rig on its way: what Blender says is read at once, `work` may run in a thread, and
    `finish` makes the armature."""

    def __init__(
        self, context: Any, material: ActorMaterial, camera: Any, stature: float, on_ground: bool
    ) -> None:
        """For an armature `stature` metres tall, or with `on_ground` as tall as makes its feet
        stand at height zero, where that makes a person.

        Raises InputError for a camera without a lens, and where nobody was found.
        """
        if not np.isfinite(material.joints).any():
            raise InputError(
                "actor-absent",
                f"Nobody was found in {material.name}, so there is no motion to make a rig of.",
                "Choose other footage, or frames that show the actor.",
            )
        scene = context.scene
        views = clip_views(
            scene, view_layer_with(scene, camera), camera, material.size, material.frames
        )
        world = material.world
        if world is not None:
            # How deep a joint is that a person moved, nobody guessed.
            moved = material.states == JointState.MENDED
            world = np.where(moved[..., None], np.nan, world)
        self.material = material
        self._found = Sighting(material.joints, material.states, views, material.fps, world)
        self._scale = stature / STATURE / scene.unit_settings.scale_length
        self._on_ground = on_ground

    def work(self) -> Made:
        """Put the actor into space; touches no bpy, and takes seconds."""
        found, scale = self._found, self._scale
        lifted = lift(found, scale)
        if self._on_ground:
            fitting = grounded(found, lifted, scale)
            if fitting is not None:
                scale, lifted = fitting, lift(found, fitting)
        return Made(scale, pose(lifted, scale), seen(found, lifted))

    def finish(self, context: Any, made: Made) -> Any:
        """The armature with its motion, beside whatever rigs there are."""
        name = self.material.name
        armature = add_armature(context, f"{name} actor", made.posed)
        key_motion(armature, name, made.posed, self.material.frames)
        marks.write(armature, self.material, made.scale, self._found.views, made.joints)
        return armature


def seen(found: Sighting, lifted: Lifted) -> NDArray[np.float64]:
    """Where a lifted actor's joints are seen, [n, 60, 2]; the neck between the shoulders."""
    joints = found.views.pixels(lifted.joints)
    joints[:, 1] = (joints[:, 2] + joints[:, 5]) / 2
    return joints
