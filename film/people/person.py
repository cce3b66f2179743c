"""A whole person: body, rig, clothes and head."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy
import numpy as np
from numpy.typing import NDArray

from film.people import base, head, looks, wardrobe
from film.people.build import Build, shape
from film.people.joints import BodyJoints
from film.people.rig import make_armature
from film.people.surfaces import anatomy, as_object, cut


@dataclass(frozen=True)
class Person:
    """Who is filmed."""

    build: Build = field(default_factory=Build)
    skin: looks.Colour = (0.62, 0.36, 0.26)
    head: head.Head = field(default_factory=head.Head)
    clothes: tuple[wardrobe.Garment, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Cast:
    """A person in the scene."""

    armature: bpy.types.Object
    parts: tuple[bpy.types.Object, ...]
    joints: BodyJoints
    vertices: NDArray[np.float32]
    """The body in rest [19158, 3], metres."""


def cast(person: Person, rig: str = "mixamo", name: str = "Actor") -> Cast:
    """Add a person to the scene, at its middle, facing -y."""
    vertices = shape(person.build)
    body = anatomy(vertices)
    armature = make_armature(name, rig, vertices)
    covered = np.zeros(len(vertices), bool)
    parts = []
    for garment in person.clothes:
        covered |= wardrobe.wears(garment, body, 0.05)
        parts.append(wardrobe.put_on(garment, body, armature, rig))
    bare = cut(body, base.base_mesh().of("body"), ~covered)
    skin = as_object("Body", bare, armature, rig)
    colours = skin.data.attributes.new("tint", "FLOAT_COLOR", "POINT")
    colours.data.foreach_set("color", head.tint(body, bare.came_from, person.head).ravel())
    skin.data.materials.append(looks.skin_of(person.skin))
    parts.append(skin)
    parts += head.put_on(person.head, body, armature, rig, person.seed)
    armature.location.z = 0.014
    return Cast(armature, tuple(parts), BodyJoints(armature, rig, vertices), vertices)
