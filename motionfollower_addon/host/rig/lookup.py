"""Finds the scene, armature, camera and action that a shot means, or says what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError

from ... import ids
from ...core.job.shot import Shot
from ..draw_cache import once
from . import scene_objects


@dataclass(frozen=True)
class Motion:
    """The rig and its motion, as Blender's own objects; good until the next undo or file."""

    scene: Any
    armature: Any
    camera: Any
    action: Any
    """None: the motion as the scene has it."""
    slot: str
    range: tuple[float, float]
    """First and last scene frame."""


def scene_fps(scene: Any) -> float:
    """Frames a second of a scene."""
    return float(scene.render.fps / scene.render.fps_base)


def names_of(things: Iterable[Any]) -> str:
    """Names for a sentence, the first few of many."""
    names = [thing.name for thing in things]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def find_scene(name: str, default: Any) -> Any:
    """The scene called `name`, or `default` for an empty name."""
    return _of_file("scene", bpy.data.scenes, name) if name else default


def _of_file(kind: str, things: Any, name: str) -> Any:
    found = things.get(name)
    if found is None:
        raise InputError(
            f"{kind}-missing",
            f"There is no {kind} named {name!r}.",
            f"This file has {names_of(things)}." if things else "",
        )
    return found


def moves(armature: Any) -> bool:
    """Whether an armature has an action or NLA strips of its own."""
    data = armature.animation_data
    return data is not None and (data.action is not None or bool(data.nla_tracks))


def _of_scene(scene: Any, have: list[Any], name: str, word: str) -> Any:
    found = next((item for item in have if item.name == name), None)
    if found is None:
        raise InputError(
            f"{word}-missing",
            f"There is no {word} named {name!r} in the scene {scene.name!r}.",
            f"It has {names_of(have)}." if have else f"Choose another, or add the {word} to it.",
        )
    return found


@once
def find_armature(scene: Any, name: str) -> Any:
    """The named armature, or the only one, or the only one that moves."""
    have = scene_objects.armatures(scene)
    if name:
        return _of_scene(scene, have, name, "armature")
    if not have:
        raise InputError(
            "armature-missing",
            f"The scene {scene.name!r} has no armature.",
            "Add a rig whose motion the actor should take.",
        )
    # A rig made of the actor is a motion, too, but not the one that the actor should take.
    have = [item for item in have if item.get(ids.ACTOR_RIG) is None] or have
    moving = [item for item in have if moves(item)]
    for choice in (have, moving):
        if len(choice) == 1:
            return choice[0]
    raise InputError(
        "armature-unclear",
        f"The scene {scene.name!r} has several armatures: {names_of(have)}.",
        "Choose the one whose motion the actor should take.",
    )


@once
def find_camera(scene: Any, name: str) -> Any:
    """The named camera, or the scene's active one, or the only one."""
    if name:
        return _of_scene(scene, scene_objects.cameras(scene), name, "camera")
    if scene.camera is not None and scene.camera.type == "CAMERA":
        return scene.camera
    have = scene_objects.cameras(scene)
    if len(have) == 1:
        return have[0]
    raise InputError(
        "camera-missing",
        f"The scene {scene.name!r} has "
        + (f"several cameras and none is active: {names_of(have)}." if have else "no camera."),
        "Choose the camera that films the rig." if have else "Add a camera that films the rig.",
    )


def find_action(name: str) -> Any:
    """The named action; None for an empty name."""
    return _of_file("action", bpy.data.actions, name) if name else None


def find_range(scene: Any, armature: Any, action: Any, chosen: tuple[float, ...]) -> Any:
    """First and last scene frame of the motion."""
    if chosen:
        first, last = chosen
        if last < first:
            raise InputError(
                "range-empty",
                f"The range ends (frame {last:g}) before it starts (frame {first:g}).",
                "Set its end after its start.",
            )
        return (first, last)
    data = armature.animation_data
    if action is None and data is not None:
        action = data.action
        if action is None and data.nla_tracks:
            return (float(scene.frame_start), float(scene.frame_end))
    if action is None:
        raise InputError(
            "action-missing",
            f"The armature {armature.name!r} has no action.",
            "Give it one, choose an action, or set the range to the scene's or your own.",
        )
    first, last = action.frame_range
    return (float(first), float(last))


def find_motion(shot: Shot, default_scene: Any) -> Motion:
    """Everything a shot says about its rig. Raises InputError for the first thing missing."""
    scene = find_scene(shot.scene, default_scene)
    armature = find_armature(scene, shot.armature)
    camera = find_camera(scene, shot.camera)
    action = find_action(shot.action)
    return Motion(
        scene=scene,
        armature=armature,
        camera=camera,
        action=action,
        slot=shot.slot,
        range=find_range(scene, armature, action, shot.range),
    )
