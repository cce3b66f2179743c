"""The character's meshes: which objects belong to an armature, and where their vertices are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...core.rig.joints.projection import Camera
from ...core.rig.outline.silhouette import Topology
from ...core.rig.outline.worker import Outlines, OutlineWorker, Shape
from .. import draw_cache
from .camera import pixel_aspect
from .subdivision import LowSubdivision

_SLICE_SECONDS = 0.008
"""After so long the rest of the meshes' polygons is read in the next step."""
_WAIT_SECONDS = 0.002
_AT_A_TIME = 500
_KEPT_SECONDS = 2.0


class Family:
    """Tells which objects of a scene belong to an armature and are there to be seen."""

    def __init__(self, armature: Any) -> None:
        self._known: dict[Any, bool] = {armature: True}
        self._widgets = {bone.custom_shape for bone in armature.pose.bones} - {None}

    def belongs(self, item: Any) -> bool:
        """Whether `item` hangs on the armature: deformed by it, or parented, through others too."""
        if item in self._known:
            return self._known[item]
        # While it is being looked at it counts as a stranger: files can hold circles.
        self._known[item] = False
        leads = [item.parent] if item.parent is not None else []
        leads += [
            modifier.object
            for modifier in item.modifiers
            if modifier.type == "ARMATURE" and modifier.object is not None
        ]
        self._known[item] = any(self.belongs(lead) for lead in leads)
        return self._known[item]

    def shows(self, item: Any) -> bool:
        """Whether a renderer would show `item` as a surface of the character."""
        return (
            item.type == "MESH"
            and not item.hide_render
            and item.visible_camera
            and not item.is_shadow_catcher
            and item.display_type not in {"WIRE", "BOUNDS"}
            and item not in self._widgets
            and self.belongs(item)
        )


class _Kept:
    """The latest answer for panels: what it was about, when it was found, and what it is."""

    answer: tuple[Any, float, bool] = (None, 0.0, False)
    changes = -1


def has_meshes(scene: Any, armature: Any) -> bool:
    """Whether an armature of `scene` has meshes to be seen; for panels, so up to 2 s old."""
    if armature is None:
        return False
    # Even counting thousands of objects takes long for something that is drawn again and again.
    about, now = (scene.session_uid, armature.session_uid), time.monotonic()
    kept = _Kept.answer
    old = now - kept[1] > _KEPT_SECONDS and _Kept.changes != draw_cache.changes()
    if bpy.app.background or kept[0] != about or old:
        _Kept.changes = draw_cache.changes()
        family = Family(armature)
        # An instanced rig's meshes are not in the scene; most have some.
        found = scene.objects.get(armature.name) != armature or any(
            family.shows(item) for item in scene.objects
        )
        kept = _Kept.answer = (about, now, found)
    return kept[2]


def _rendered(collection: Any) -> Iterator[Any]:
    """Objects of a collection and those in it, without what is left out of renders."""
    if not collection.hide_render:
        yield from collection.objects
        for child in collection.children:
            yield from _rendered(child)


class CharacterReader:
    """Reads the meshes of one armature from whatever time the scene is evaluated for."""

    def __init__(self, armature: Any, scene: Any, layer: Any) -> None:
        self._armature, self._scene = armature, scene
        self._family = Family(armature)
        self._instanced = layer.objects.get(armature.name) != armature
        self._objects: list[Any] = []
        self._finding = not self._instanced
        self._unseen: list[Any] | None = None
        """Objects that are still to be looked at; None before the first look."""
        self._topologies: dict[Any, Topology] = {}
        self._subdivision = LowSubdivision(())

    def _find(self, layer: Any) -> bool:
        """Look at a few hundred objects of the scene; whether that were all."""
        if self._unseen is None:
            self._unseen = list(set(_rendered(self._scene.collection)) & set(layer.objects))
        for item in self._unseen[-_AT_A_TIME:]:
            if self._family.shows(item) and item.visible_get(view_layer=layer):
                self._objects.append(item)
        del self._unseen[-_AT_A_TIME:]
        return not self._unseen

    def prepare(self, layer: Any) -> bool:
        """Read how the meshes' polygons are joined, some of them; whether all are known.

        `layer` is the view layer of the beginning, as it is now.
        """
        if self._finding:
            if not self._find(layer):
                return False
            self._finding = False
            self._subdivision = LowSubdivision(self._objects)
            if self._subdivision.changed:
                layer.update()
        begin = time.perf_counter()
        for key, item, _ in self._parts(layer.depsgraph):
            mesh = item.data
            if self._known(key, mesh) is None:
                self._learn(key, mesh)
                if time.perf_counter() - begin > _SLICE_SECONDS:
                    return False
        return True

    def close(self) -> None:
        """Put back what was changed for reading."""
        self._subdivision.close()

    @property
    def empty(self) -> bool:
        """Whether no mesh was found by `prepare`."""
        return not self._topologies

    def read(self, depsgraph: Any) -> list[Shape]:
        """The meshes as they are now, copied."""
        shapes = []
        for key, item, world in self._parts(depsgraph):
            mesh = item.data
            topology = self._known(key, mesh) or self._learn(key, mesh)
            if len(topology.starts):
                places = np.array(world, np.float64)
                shapes.append(Shape(topology, _places(mesh), places))
        return shapes

    def _parts(self, depsgraph: Any) -> Iterator[tuple[Any, Any, Any]]:
        """Key, evaluated object and world matrix of each mesh; good until the next one."""
        if self._instanced:
            yield from self._instances(depsgraph)
            return
        for item in self._objects:
            try:
                evaluated = item.evaluated_get(depsgraph)
            except ReferenceError:
                # Removed meanwhile: the others are still the character.
                continue
            if not evaluated.hide_render:
                yield item.session_uid, evaluated, evaluated.matrix_world

    def _instances(self, depsgraph: Any) -> Iterator[tuple[Any, Any, Any]]:
        """The meshes that come with the armature's first instance."""
        place, rendered = None, set()
        for instance in depsgraph.object_instances:
            if instance.is_instance and instance.object.original == self._armature:
                place = _place(instance)
                rendered = set(_rendered(place[0].instance_collection))
                break
        for instance in depsgraph.object_instances:
            if not instance.is_instance or _place(instance) != place:
                continue
            item, original = instance.object, instance.object.original
            # A rig inside a further instance lies in another collection than the outer one's.
            left_out = self._armature in rendered and original not in rendered
            if self._family.shows(original) and not item.hide_render and not left_out:
                yield original.session_uid, item, instance.matrix_world.copy()

    def _known(self, key: Any, mesh: Any) -> Topology | None:
        topology = self._topologies.get(key)
        if topology is None or topology.vertices != len(mesh.vertices):
            return None
        same = len(topology.corners) == len(mesh.loops)
        return topology if same and len(topology.starts) == len(mesh.polygons) else None

    def _learn(self, key: Any, mesh: Any) -> Topology:
        starts = np.empty(len(mesh.polygons), np.int32)
        mesh.polygons.foreach_get("loop_start", starts)
        corners = np.empty(len(mesh.loops), np.int32)
        # The attribute is copied in one go; `loops` are asked one by one, a hundred times slower.
        stored = mesh.attributes.get(".corner_vert")
        if stored is not None:
            stored.data.foreach_get("value", corners)
        else:
            mesh.loops.foreach_get("vertex_index", corners)
        self._topologies[key] = Topology(corners, starts, len(mesh.vertices))
        return self._topologies[key]


def _place(instance: Any) -> tuple[Any, tuple[int, ...]]:
    """Which instance of a collection an instanced object is part of."""
    return (instance.parent.original, tuple(instance.persistent_id)[1:])


def _places(mesh: Any) -> NDArray[np.float32]:
    """Vertices of an evaluated mesh, [vertices, 3]."""
    places = np.empty((len(mesh.vertices), 3), np.float32)
    stored = mesh.attributes.get("position")
    if stored is not None:
        stored.data.foreach_get("vector", places.reshape(-1))
    else:
        mesh.vertices.foreach_get("co", places.reshape(-1))
    return places


class OutlineSampler:
    """The character's outlines of one motion: main thread reads vertices, a thread draws."""

    def __init__(
        self,
        armature: Any,
        scene: Any,
        layer: Any,
        count: int,
        size: tuple[int, int],
    ) -> None:
        self._reader = CharacterReader(armature, scene, layer)
        self._worker = OutlineWorker(count, size, pixel_aspect(scene))
        self._prepared = False
        self.nothing = False
        """Whether the armature has no mesh to be seen; nothing is done then."""

    def ready(self, layer: Any) -> bool:
        """Whether the next frame may be read; if not, ask again. Takes some milliseconds at most.

        Raises what went wrong in the thread.
        """
        if self.nothing:
            return True
        if not self._prepared:
            self._prepared = self._reader.prepare(layer)
            self.nothing = self._prepared and self._reader.empty
            return self.nothing
        return self._worker.room(_WAIT_SECONDS)

    def read(self, index: int, depsgraph: Any, camera: Camera, joints: NDArray[np.float32]) -> None:
        """Copy the vertices of a frame as evaluated now and have its outline drawn."""
        if not self.nothing:
            self._worker.put(index, self._reader.read(depsgraph), camera, joints)

    def finished(self) -> bool:
        """Whether all outlines are drawn; if not, ask again."""
        return self.nothing or self._worker.finished(_WAIT_SECONDS)

    def take(self) -> Outlines | None:
        """The masks of all frames; None where the character has no usable ones."""
        return None if self.nothing else self._worker.take()

    def close(self) -> None:
        """End the thread, and put back what was changed for reading."""
        self._worker.close()
        self._reader.close()
