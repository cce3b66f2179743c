"""Builds a shot's scene in Blender."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Vector

from film.blender import require_blender
from film.motion.captured import captured, is_capture
from film.motion.moves import MOVES
from film.motion.pose import Poser
from film.people.looks import ACTOR_PASS
from film.people.person import Cast, cast
from film.places import cameras, props
from film.places.building import Look, box
from film.places.lights import LIGHTS
from film.places.sets import SETS
from film.shooting.shot import Action, Held, Shot
from mf_backend.contracts.errors import InputError

RIG = "mixamo"


@dataclass(frozen=True)
class Stage:
    """A scene that is ready to be filmed. `actions` are the takes' by name."""

    scene: bpy.types.Scene
    camera: bpy.types.Object
    actor: Cast
    poser: Poser
    actions: dict[str, bpy.types.Action]
    held: tuple[bpy.types.Object, ...]

    def take(self, name: str) -> None:
        """Let the actor do what he does in a take."""
        armature = self.actor.armature
        armature.animation_data.action = self.actions[name]
        armature.animation_data.action_slot = self.actions[name].slots[0]
        self.scene.frame_set(1)

    def show_actor(self, shown: bool) -> None:
        """Let the actor and what he holds be seen and throw shadows, or not."""
        for part in (*self.actor.parts, *self.held):
            part.hide_render = not shown


def choose(table: dict, name: str, what: str):  # type: ignore[no-untyped-def,type-arg]
    """An entry of a table by name. Raises InputError that tells the names."""
    if name not in table:
        raise InputError(
            "film-description",
            f"There is no {what} {name!r}; there are {', '.join(sorted(table))}.",
            "Correct the description of the shot.",
        )
    return table[name]


def build(shot: Shot) -> Stage:
    """Begin a new file in this Blender and build a shot's scene in it.

    Raises InputError where this is not the Blender that films.
    """
    require_blender()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, shot.frames
    _settings(scene, shot)
    choose(SETS, shot.set, "set")(np.random.default_rng(shot.set_seed))
    choose(LIGHTS, shot.light, "light")(shot.light_turn)
    scene.world.light_settings.distance = 1.0
    camera = cameras.add(shot.camera, "Camera", shot.frames, shot.fps)
    scene.camera = camera
    actor = cast(shot.person, RIG, "Actor")
    place_at(actor.armature, shot.place, shot.heading)
    poser = Poser(actor.armature)
    actions = {
        take: key(poser, action, take, shot.frames, shot.fps)
        for take, action in (("source", shot.source), ("truth", shot.truth))
    }
    held = tuple(_hold(actor, poser, thing) for thing in shot.held)
    if shot.in_front:
        props.occluder(shot.in_front.kind, shot.in_front.x, shot.in_front.y)
    if shot.seat:
        _seat(shot, poser)
    if shot.other:
        other = cast(shot.other.person, RIG, "Other")
        place_at(other.armature, shot.other.place, shot.other.heading)
        key(Poser(other.armature), shot.other.action, "other", shot.frames, shot.fps)
        for part in other.parts:
            _unmark(part)
    return Stage(scene, camera, actor, poser, actions, held)


def place_at(armature: bpy.types.Object, place: tuple[float, float], heading: float) -> None:
    """Put a person somewhere on the floor, turned to the left by degrees."""
    armature.location.x, armature.location.y = place
    armature.rotation_euler.z = math.radians(heading)


def key(
    poser: Poser, action: Action, name: str, frames: int, fps: float, beyond: int = 1
) -> bpy.types.Action:
    """Key an action over frames 1 … `frames`, and `beyond` on both ends for blurred pictures."""
    named = is_capture(action.move)
    make = captured(action.move) if named else choose(MOVES, action.move, "move")
    move = make(action.speed, action.phase, action.amount)
    times = [(float(f), (f - 1) / fps) for f in range(1 - beyond, frames + 1 + beyond)]
    begin = (action.start[0] / poser.leg, action.start[1] / poser.leg)
    return poser.key(move, name, times, begin)


def _settings(scene: bpy.types.Scene, shot: Shot) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y = shot.size
    render.fps = max(1, round(shot.fps))
    render.fps_base = render.fps / shot.fps
    render.use_persistent_data = True
    render.use_motion_blur, render.motion_blur_shutter = shot.blur, 0.5
    cycles.device = "CPU"
    cycles.samples, cycles.seed, cycles.use_animated_seed = shot.samples, 7, False
    cycles.use_adaptive_sampling = False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 2, 1, 1
    # Light from the surroundings by how open a place is: a quarter cheaper than bounces.
    cycles.use_fast_gi, cycles.ao_bounces, cycles.ao_bounces_render = True, 1, 1
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_quality, cycles.denoising_prefilter = "FAST", "NONE"
    scene.view_settings.view_transform = "Standard"
    scene.view_settings.exposure = shot.exposure
    layer = scene.view_layers[0]
    layer.aovs.add().name = ACTOR_PASS
    layer.aovs[0].type = "VALUE"


def _unmark(part: bpy.types.Object) -> None:
    """Let a part be seen as none of the actor's."""
    for slot in part.material_slots:
        for node in slot.material.node_tree.nodes:
            if node.type == "OUTPUT_AOV":
                node.inputs["Value"].default_value = 0.0


def _hold(actor: Cast, poser: Poser, held: Held) -> bpy.types.Object:
    thing: bpy.types.Object = choose(props.HELD, held.kind, "thing to hold")(held.colour)
    if held.where == "head":
        top = float(actor.vertices[:13380, 2].max())
        bone = poser.bones[poser.roles.head]
        offset = Vector((0, float(bone.head[1]) + 0.005, top - 0.075)) - Vector(bone.tail)
        props.hold(thing, actor.armature, poser.roles.head, offset, Matrix.Rotation(-0.12, 4, "X"))
    elif held.where == "both":
        bone = poser.bones[poser.roles.spine[-1]]
        place = Vector((0, float(bone.head[1]) - 0.36, float(bone.head[2]) - 0.16))
        props.hold(
            thing, actor.armature, poser.roles.spine[-1], place - Vector(bone.tail), Matrix()
        )
    else:
        hand = poser.roles.of("hand", held.where)
        rest = poser.bones[hand]
        along = Vector(rest.along).normalized()
        grip = Vector(rest.tail) - along * 0.01 + Vector((0, -0.02, -0.03))
        # What hangs in rest, across the palm, stays so against the hand.
        turn = Vector((0, 0, 1)).rotation_difference(Vector((0, -1, 0.15))).to_matrix().to_4x4()
        if held.kind == "bag":
            turn = Vector((0, 0, -1)).rotation_difference(along).to_matrix().to_4x4()
        props.hold(thing, actor.armature, hand, grip - Vector(rest.tail), turn)
    return thing


def _seat(shot: Shot, poser: Poser) -> None:
    """A stool where the move "sit" sits."""
    high = 0.53 * poser.leg
    turn = math.radians(shot.heading)
    back = 0.28 * poser.leg
    x = shot.place[0] - math.sin(turn) * back
    y = shot.place[1] + math.cos(turn) * back
    look = Look("planks", (0.3, 0.17, 0.08), (0.1, 0.05, 0.02), 2)
    box((x, y, high - 0.03), (0.46, 0.42, 0.06), look, turn)
    box((x, y, (high - 0.06) / 2), (0.34, 0.3, high - 0.06), look, turn)
