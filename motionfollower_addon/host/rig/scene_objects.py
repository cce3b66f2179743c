"""Armatures and cameras of a scene, found fast among thousands of objects and never out of date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..draw_cache import until_change

_ARMATURE, _CAMERA, _EMPTY = "ARMATURE", "CAMERA", "EMPTY"
_SCENES = 4


@dataclass(frozen=True)
class _Sorted:
    """A scene's objects and where in them the kinds are that matter.

    An object never changes its kind, so this holds as long as the list is the same.
    """

    objects: list[Any]
    places: dict[str, tuple[int, ...]]


class _Kept:
    """By the scene's number; the latest few."""

    scenes: dict[int, _Sorted] = {}


def _of_kind(scene: Any, *kinds: str) -> list[list[Any]]:
    """The scene's objects of each kind. Asking each of thousands for its kind takes long."""
    objects = scene.objects[:]
    kept = _Kept.scenes.get(scene.session_uid)
    if kept is None or kept.objects != objects:
        found: dict[str, list[int]] = {_ARMATURE: [], _CAMERA: [], _EMPTY: []}
        for index, item in enumerate(objects):
            places = found.get(item.type)
            if places is not None:
                places.append(index)
        kept = _Sorted(objects, {kind: tuple(places) for kind, places in found.items()})
        _Kept.scenes.pop(scene.session_uid, None)
        while len(_Kept.scenes) >= _SCENES:
            del _Kept.scenes[next(iter(_Kept.scenes))]
        _Kept.scenes[scene.session_uid] = kept
    # From the list as it is now: what was kept may have been undone and made again.
    return [[objects[index] for index in kept.places[kind]] for kind in kinds]


@until_change
def armatures(scene: Any) -> list[Any]:
    """Armatures of a scene, also those that it only has through instances of collections."""
    found, empties = _of_kind(scene, _ARMATURE, _EMPTY)
    instanced = [item.instance_collection for item in empties if item.instance_type == "COLLECTION"]
    if instanced:
        found += [item for item in _inside(instanced) if item not in found]
    return found


@until_change
def cameras(scene: Any) -> list[Any]:
    """Cameras of a scene."""
    return _of_kind(scene, _CAMERA)[0]


def _inside(collections: list[Any]) -> list[Any]:
    """Armatures inside instanced collections, and inside those that they instance themselves."""
    found: list[Any] = []
    seen = set()
    while collections:
        collection = collections.pop()
        if collection is None or collection in seen:
            continue
        seen.add(collection)
        for item in collection.all_objects:
            if item.type == _ARMATURE and item not in found:
                found.append(item)
            elif item.type == _EMPTY and item.instance_type == "COLLECTION":
                collections.append(item.instance_collection)
    return found
