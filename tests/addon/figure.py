"""A rig's own body for tests: a box around each bone, skinned; and things that hang on bones."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

_CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (0, 1) for z in (-1, 1)], float)
_FACES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def add_object(name: str, places: Any, faces: Any, collection: Any = None) -> Any:
    """A mesh object with vertices [n, 3] and polygons of vertex numbers."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([tuple(place) for place in places], [], [tuple(face) for face in faces])
    item = bpy.data.objects.new(name, mesh)
    (collection or bpy.context.scene.collection).objects.link(item)
    return item


def add_skin(armature: Any, thickness: float = 0.06, collection: Any = None) -> Any:
    """One mesh with a box around every bone that deforms, which the armature moves."""
    places, faces, owners = [], [], []
    for bone in armature.data.bones:
        if not bone.use_deform:
            continue
        size = np.array([thickness, bone.length, thickness])
        matrix = np.array(bone.matrix_local)
        begin = len(places)
        places += list((_CORNERS * size) @ matrix[:3, :3].T + matrix[:3, 3])
        faces += [tuple(begin + corner for corner in face) for face in _FACES]
        owners += [bone.name] * len(_CORNERS)
    skin = add_object("Skin", places, faces, collection)
    for name in dict.fromkeys(owners):
        group = skin.vertex_groups.new(name=name)
        group.add([index for index, owner in enumerate(owners) if owner == name], 1.0, "ADD")
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    return skin


def add_box(name: str, centre: Any, half: float, collection: Any = None) -> Any:
    """A cube in world space."""
    places = (_CORNERS * (1, 2, 1) - (0, 1, 0)) * half + np.array(centre)
    return add_object(name, places, _FACES, collection)


def hang(item: Any, armature: Any, bone: str) -> Any:
    """Parent an object to a bone, at the bone's tail."""
    item.parent, item.parent_type, item.parent_bone = armature, "BONE", bone
    return item


def ray_pixels(scene: Any, depsgraph: Any, size: tuple[int, int], pixels: Any) -> np.ndarray:
    """Whether Blender's own rays through the centres of `pixels` [n, 2] meet something, bool [n].

    Through the scene's camera, whose picture has `size` (width, height).
    """
    from mathutils import Vector

    camera = scene.camera.evaluated_get(depsgraph)
    top_right, _, bottom_left, top_left = camera.data.view_frame(scene=scene)
    world = camera.matrix_world.normalized()
    back = world.to_3x3() @ Vector((0, 0, 1))
    hits = []
    for x, y in np.asarray(pixels, float):
        across, down = (x + 0.5) / size[0], (y + 0.5) / size[1]
        place = top_left + (top_right - top_left) * across + (bottom_left - top_left) * down
        if camera.data.type == "ORTHO":
            origin, direction = world @ place + 100 * back, -back
        else:
            origin = world.translation
            direction = (world @ place - origin).normalized()
        hits.append(scene.ray_cast(depsgraph, origin, direction)[0])
    return np.array(hits)
