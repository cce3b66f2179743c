"""Materials of skin, cloth and hair, for Cycles; each tells the pass `actor` where it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

Colour = tuple[float, float, float]
ACTOR_PASS = "actor"


@dataclass(frozen=True)
class Cloth:
    """A cloth: colours linear RGB, a pattern ("plain", "stripes", "rings", "check", "spots",
    "mottle") and how many repeats of it a metre holds.
    """

    colour: Colour
    second: Colour = (0.8, 0.8, 0.8)
    pattern: str = "plain"
    fine: float = 14.0
    rough: float = 0.85


class Shader:
    """A material under construction: nodes by name, linked in few words."""

    def __init__(self, name: str, marks_actor: bool = True) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]
        self.surface.inputs["Specular IOR Level"].default_value = 0.25
        if marks_actor:
            mark = self.add("ShaderNodeOutputAOV")
            mark.aov_name = ACTOR_PASS
            mark.inputs["Value"].default_value = 1.0

    def add(self, kind: str, **values: Any) -> Any:
        """A node with values for its inputs (spaces written as _) and its own settings."""
        node = self.tree.nodes.new(kind)
        for name, value in values.items():
            plain = name.replace("_", " ")
            if plain in node.inputs:
                node.inputs[plain].default_value = value
            else:
                setattr(node, name, value)
        return node

    def link(self, start: Any, end: Any) -> None:
        """Join an output with an input."""
        self.tree.links.new(start, end)

    def rest(self) -> Any:
        """The output with the point's place on the body in rest."""
        return self.add("ShaderNodeAttribute", attribute_name="rest").outputs["Vector"]

    def mix(self, share: Any, first: Any, second: Any) -> Any:
        """The output of a mix of two colours (values or outputs)."""
        node = self.add("ShaderNodeMix", data_type="RGBA")
        for socket, value in ((0, share), (6, first), (7, second)):
            if isinstance(value, bpy.types.NodeSocket):
                self.link(value, node.inputs[socket])
            else:
                node.inputs[socket].default_value = (
                    (*value, 1) if isinstance(value, tuple) else value
                )
        return node.outputs[2]

    def sharp(self, value: Any, middle: float, width: float) -> Any:
        """A value made 0 below and 1 above the middle."""
        node = self.add("ShaderNodeMapRange", From_Min=middle - width, From_Max=middle + width)
        self.link(value, node.inputs["Value"])
        return node.outputs["Result"]

    def bump(self, height: Any, strength: float, distance: float = 0.01) -> None:
        """Let a value raise the surface's shading."""
        node = self.add("ShaderNodeBump", Strength=strength, Distance=distance)
        self.link(height, node.inputs["Height"])
        self.link(node.outputs["Normal"], self.surface.inputs["Normal"])


def cloth(name: str, look: Cloth) -> bpy.types.Material:
    """A woven material with its pattern, worn unevenly and with small folds."""
    shader = Shader(name)
    where = shader.rest()
    first: Any = look.colour
    if look.pattern in ("stripes", "rings"):
        axis = "X" if look.pattern == "stripes" else "Z"
        bands = shader.add("ShaderNodeTexWave", bands_direction=axis, Scale=look.fine * 0.314)
        shader.link(where, bands.inputs["Vector"])
        first = shader.mix(shader.sharp(bands.outputs["Fac"], 0.55, 0.04), look.colour, look.second)
    elif look.pattern == "check":
        one: Any = look.colour
        for axis in ("X", "Z"):
            bands = shader.add("ShaderNodeTexWave", bands_direction=axis, Scale=look.fine * 0.314)
            shader.link(where, bands.inputs["Vector"])
            share = shader.add("ShaderNodeMath", operation="MULTIPLY")
            shader.link(shader.sharp(bands.outputs["Fac"], 0.5, 0.06), share.inputs[0])
            share.inputs[1].default_value = 0.5
            one = shader.mix(share.outputs[0], one, look.second)
        first = one
    elif look.pattern == "spots":
        dots = shader.add("ShaderNodeTexVoronoi", Scale=look.fine, Randomness=0.35)
        shader.link(where, dots.inputs["Vector"])
        first = shader.mix(
            shader.sharp(dots.outputs["Distance"], 0.32, 0.03), look.second, look.colour
        )
    elif look.pattern == "mottle":
        cloud = shader.add("ShaderNodeTexNoise", Scale=look.fine, Detail=3.0)
        shader.link(where, cloud.inputs["Vector"])
        first = shader.mix(shader.sharp(cloud.outputs["Fac"], 0.5, 0.08), look.colour, look.second)
    worn = shader.add("ShaderNodeTexNoise", Scale=9.0, Detail=4.0)
    shader.link(where, worn.inputs["Vector"])
    darker = tuple(0.72 * c for c in look.colour)
    amount = shader.add("ShaderNodeMath", operation="MULTIPLY")
    shader.link(shader.sharp(worn.outputs["Fac"], 0.55, 0.2), amount.inputs[0])
    amount.inputs[1].default_value = 0.45
    shader.link(shader.mix(amount.outputs[0], first, darker), shader.surface.inputs["Base Color"])
    folds = shader.add("ShaderNodeTexNoise", Scale=16.0, Detail=3.0, Distortion=0.8)
    shader.link(where, folds.inputs["Vector"])
    shader.bump(folds.outputs["Fac"], 0.55, 0.02)
    shader.surface.inputs["Roughness"].default_value = look.rough
    shader.surface.inputs["Sheen Weight"].default_value = 0.15
    return shader.material


def skin_of(colour: Colour) -> bpy.types.Material:
    """Skin, uneven in tone, tinted by the mesh's colours `tint` (lips, cheeks)."""
    shader = Shader("Skin")
    where = shader.rest()
    spots = shader.add("ShaderNodeTexNoise", Scale=28.0, Detail=5.0)
    shader.link(where, spots.inputs["Vector"])
    redder = (min(1.0, colour[0] * 1.02), colour[1] * 0.80, colour[2] * 0.74)
    tone = shader.mix(shader.sharp(spots.outputs["Fac"], 0.5, 0.35), colour, redder)
    tint = shader.add("ShaderNodeAttribute", attribute_name="tint")
    product = shader.add("ShaderNodeMix", data_type="RGBA", blend_type="MULTIPLY")
    product.inputs[0].default_value = 1.0
    shader.link(tone, product.inputs[6])
    shader.link(tint.outputs["Color"], product.inputs[7])
    shader.link(product.outputs[2], shader.surface.inputs["Base Color"])
    shader.surface.inputs["Roughness"].default_value = 0.5
    return shader.material


def hair_of(colour: Colour) -> bpy.types.Material:
    """Hair: strands of lighter and darker, drawn down the head."""
    shader = Shader("Hair")
    stretch = shader.add("ShaderNodeMapping", Scale=(70.0, 70.0, 5.0))
    shader.link(shader.rest(), stretch.inputs["Vector"])
    strands = shader.add("ShaderNodeTexNoise", Scale=1.0, Detail=3.0)
    shader.link(stretch.outputs["Vector"], strands.inputs["Vector"])
    lighter = tuple(min(1.0, 2.2 * c + 0.01) for c in colour)
    darker = tuple(0.35 * c for c in colour)
    shader.link(
        shader.mix(shader.sharp(strands.outputs["Fac"], 0.5, 0.22), darker, lighter),
        shader.surface.inputs["Base Color"],
    )
    shader.bump(strands.outputs["Fac"], 0.9, 0.01)
    shader.surface.inputs["Roughness"].default_value = 0.42
    return shader.material


def plain(
    name: str, colour: Colour, rough: float = 0.6, *, actor: bool = True
) -> bpy.types.Material:
    """One colour."""
    shader = Shader(name, actor)
    shader.surface.inputs["Base Color"].default_value = (*colour, 1)
    shader.surface.inputs["Roughness"].default_value = rough
    return shader.material


def eye(centre: tuple[float, float, float], iris: Colour) -> bpy.types.Material:
    """An eyeball around a centre in rest: white, iris and pupil."""
    shader = Shader("Eye")
    away = shader.add("ShaderNodeVectorMath", operation="SUBTRACT")
    shader.link(shader.rest(), away.inputs[0])
    away.inputs[1].default_value = centre
    flat = shader.add("ShaderNodeVectorMath", operation="MULTIPLY")
    shader.link(away.outputs["Vector"], flat.inputs[0])
    flat.inputs[1].default_value = (1, 0, 1)
    far = shader.add("ShaderNodeVectorMath", operation="LENGTH")
    shader.link(flat.outputs["Vector"], far.inputs[0])
    outer = shader.mix(shader.sharp(far.outputs["Value"], 0.0062, 0.0004), iris, (0.82, 0.80, 0.78))
    shader.link(
        shader.mix(
            shader.sharp(far.outputs["Value"], 0.0026, 0.0003), (0.005, 0.005, 0.005), outer
        ),
        shader.surface.inputs["Base Color"],
    )
    shader.surface.inputs["Roughness"].default_value = 0.1
    return shader.material
