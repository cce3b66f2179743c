"""The rig that says how the actor is to move: a plain body of the actor's build."""

from __future__ import annotations

import bpy
import numpy as np

from film.motion.pose import Poser
from film.people import base
from film.people.build import Build, shape
from film.people.rig import make_armature
from film.people.surfaces import anatomy, as_object, cut
from film.shooting.shot import Action
from film.shooting.stage import key

_RIG = "game_engine"
_COLOUR = (0.22, 0.45, 0.55, 1.0)


def add(
    build: Build, action: Action, count: int, fps: float
) -> tuple[bpy.types.Object, bpy.types.Action]:
    """Add the rig with its body to the current scene; returns its armature and its action."""
    vertices = shape(build)
    armature = make_armature("Mannequin", _RIG, vertices)
    whole = np.ones(len(vertices), bool)
    piece = cut(anatomy(vertices), base.base_mesh().of("body"), whole)
    body = as_object("Mannequin body", piece, armature, _RIG)
    plain = bpy.data.materials.new("Mannequin")
    plain.diffuse_color = _COLOUR
    body.data.materials.append(plain)
    return armature, key(Poser(armature), action, "Wave", count, fps, beyond=0)
