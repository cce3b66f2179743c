"""Lights by name; all of them throw shadows."""

from __future__ import annotations

import math
from collections.abc import Callable

import bpy

from film.people.looks import Colour


def _sky(colour: Colour, strength: float) -> None:
    world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    ground = world.node_tree.nodes["Background"]
    ground.inputs["Color"].default_value = (*colour, 1)
    ground.inputs["Strength"].default_value = strength
    bpy.context.scene.world = world


def _sun(turn: tuple[float, float], energy: float, colour: Colour, soft: float) -> None:
    """A sun from a compass turn and a height over the horizon, degrees; turn 0 is the camera's."""
    data = bpy.data.lights.new("Sun", "SUN")
    data.energy, data.color, data.angle = energy, colour, math.radians(soft)
    sun = bpy.data.objects.new("Sun", data)
    bpy.context.scene.collection.objects.link(sun)
    sun.rotation_euler = (math.radians(90 - turn[1]), 0, math.radians(turn[0]))


def _panel(
    place: tuple[float, float, float],
    at: tuple[float, float, float],
    size: float,
    watt: float,
    colour: Colour = (1, 1, 1),
) -> None:
    from mathutils import Vector

    data = bpy.data.lights.new("Panel", "AREA")
    data.size, data.energy, data.color = size, watt, colour
    panel = bpy.data.objects.new("Panel", data)
    bpy.context.scene.collection.objects.link(panel)
    panel.location = place
    panel.rotation_euler = (Vector(at) - Vector(place)).to_track_quat("-Z", "Y").to_euler()


def noon(turn: float) -> None:
    """A high sun and a blue sky: short, hard shadows."""
    _sky((0.45, 0.62, 0.95), 0.75)
    _sun((turn, 58), 3.6, (1.0, 0.96, 0.9), 0.6)


def evening(turn: float) -> None:
    """A low, warm sun: long shadows."""
    _sky((0.45, 0.45, 0.62), 0.5)
    _sun((turn, 24), 3.4, (1.0, 0.72, 0.45), 1.0)


def overcast(turn: float) -> None:
    """A grey sky: only soft shadows where the feet stand."""
    _sky((0.75, 0.8, 0.88), 1.05)
    _sun((turn, 70), 0.7, (1, 1, 1), 40.0)


def lamps(turn: float) -> None:
    """Two lamps indoors, a warm one that leads and a fill."""
    _sky((0.5, 0.48, 0.45), 0.3)
    side = 1 if turn >= 0 else -1
    _panel((side * 1.8, -2.2, 2.6), (0, 0.3, 0.9), 0.5, 130, (1.0, 0.84, 0.64))
    _panel((-side * 2.4, -2.4, 2.2), (0, 0.3, 1.0), 1.4, 45, (0.8, 0.88, 1.0))


def window(turn: float) -> None:
    """Daylight through a large window at one side."""
    _sky((0.55, 0.55, 0.55), 0.3)
    side = 1 if turn >= 0 else -1
    _panel((side * 3.2, -0.6, 1.9), (0, 0.2, 0.8), 1.6, 240, (0.85, 0.92, 1.0))
    _panel((0, -2, 2.7), (0, 0, 1), 1.5, 25, (1.0, 0.9, 0.8))


def spot(turn: float) -> None:
    """One hard lamp from the front and side, little else: a strong shadow on the wall."""
    _sky((0.4, 0.42, 0.5), 0.28)
    side = 1 if turn >= 0 else -1
    _panel((side * 1.7, -3.0, 2.5), (0, 0.4, 0.9), 0.25, 230)


LIGHTS: dict[str, Callable[[float], None]] = {
    "noon": noon, "evening": evening, "overcast": overcast, "lamps": lamps, "window": window,
    "spot": spot,
}  # fmt: skip
"""To add one: write it beside these and name it here."""
