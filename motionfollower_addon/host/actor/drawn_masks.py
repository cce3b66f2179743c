"""Blender's Mask data-blocks as mask layers of the actor: their roles, and their pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np

from mf_backend.actor.mends.mask_file import LayerPictures, put_layers
from mf_backend.actor.mends.mask_layers import MaskLayer, MaskRole
from mf_backend.contracts.errors import InputError

from ... import ids
from ...core.actor.drawn.curves import Curve, DrawnLayer, Ease, Falloff, Overlap
from ...core.actor.drawn.raster import draw_layer
from ...core.actor.material import ActorMaterial
from ...core.job.png import encode_png
from ..rig.motion_sampler import go_to_frame

_ASPECT = 0.01
"""Share by which two pictures' proportions may differ and still be the same."""


def role_of(mask: Any, layer: str) -> MaskRole | None:
    """What a layer of a Mask is for; None where nobody said."""
    roles = mask.get(ids.MASK_ROLES)
    said = roles.get(layer) if roles is not None else None
    return MaskRole(said) if said in list(MaskRole) else None


def set_role(mask: Any, layer: str, role: MaskRole | None) -> None:
    """Say what a layer is for; kept with the Mask."""
    roles = dict(mask.get(ids.MASK_ROLES) or {})
    roles.pop(layer, None)
    if role is not None:
        roles[layer] = str(role)
    mask[ids.MASK_ROLES] = roles


def apply(context: Any, mask: Any, material: ActorMaterial) -> tuple[MaskLayer, ...]:
    """Draw the layers that have a role on every frame of the clip, and keep them with the actor.

    Each takes the place of what was applied of it before. Raises InputError where the Mask is of
    no use, OutputError where the disk refuses.
    """
    wanted = _checked(mask, material)
    kept = {
        name: LayerPictures(material.mends, f"{mask.name} / {name}", role, material.size)
        for name, role in wanted.items()
    }
    drawn: dict[str, tuple[bytes, bytes]] = {}
    for index, layers in _frames(context, mask, material):
        for name in wanted:
            # A layer that stands still is drawn once.
            shape = _shape(layers[name])
            if drawn.get(name, (b"", b""))[0] != shape:
                picture = draw_layer(layers[name], material.size)
                drawn[name] = shape, encode_png(picture) if picture.any() else b""
            if png := drawn[name][1]:
                kept[name].add(material.first + index, png)
    made = {name: pictures.layer() for name, pictures in kept.items()}
    nowhere = [name for name, layer in made.items() if layer is None]
    if nowhere:
        first, last = material.frames[0], material.frames[-1]
        raise InputError(
            "mask-outside",
            f"The layer {nowhere[0]!r} of the Mask {mask.name!r} covers nothing of the footage, "
            f"which is shown on scene frames {first:g} to {last:g}.",
            "Draw it over the footage on one of these frames, or give it no role.",
        )
    layers_made = tuple(layer for layer in made.values() if layer is not None)
    put_layers(material.mends, layers_made)
    return layers_made


def _checked(mask: Any, material: ActorMaterial) -> dict[str, MaskRole]:
    """The layers that are wanted, by name, in their order."""
    if mask is None:
        raise InputError(
            "mask-none",
            "No Mask is chosen.",
            "Draw one over the footage, in the mode Mask of an Image or Movie Clip Editor.",
        )
    if not len(mask.layers):
        raise InputError(
            "mask-no-layers",
            f"The Mask {mask.name!r} has no layers.",
            "Draw a curve in it, in the mode Mask of an Image or Movie Clip Editor.",
        )
    found = {layer.name: role_of(mask, layer.name) for layer in mask.layers}
    roles = {name: role for name, role in found.items() if role is not None}
    if not roles:
        raise InputError(
            "mask-no-role",
            f"No layer of the Mask {mask.name!r} has a role.",
            "Choose beside a layer what it is for: to add, to cut, or in front.",
        )
    for layer in mask.layers:
        if layer.name in roles:
            _check_points(mask, layer)
    _check_size(mask, material)
    return roles


def _check_points(mask: Any, layer: Any) -> None:
    """Where parents move points to, Blender tells nobody."""
    if any(point.parent.id is not None for spline in layer.splines for point in spline.points):
        raise InputError(
            "mask-parented",
            f"Points of the layer {layer.name!r} of the Mask {mask.name!r} follow a track, and "
            "where it takes them cannot be read.",
            "Clear their parents, and key the layer's shape instead.",
        )


def _check_size(mask: Any, material: ActorMaterial) -> None:
    """Curves have no size, but what they were drawn over has, as long as an editor shows it."""
    shown = [size for size in _drawn_over(mask) if min(size) > 0]
    width, height = material.size
    if shown and all(abs(w * height / (h * width) - 1) > _ASPECT for w, h in shown):
        raise InputError(
            "mask-size",
            f"The Mask {mask.name!r} is drawn over a picture of {shown[0][0]}x{shown[0][1]} pixels,"
            f" but the footage is {width}x{height}.",
            "Show the footage in the editor that you draw in.",
        )


def _drawn_over(mask: Any) -> Iterator[tuple[int, int]]:
    """Sizes of what editors show behind a Mask."""
    for screen in bpy.data.screens:
        for area in screen.areas:
            for space in area.spaces:
                behind = getattr(space, "clip", None) or getattr(space, "image", None)
                if getattr(space, "mask", None) == mask and behind is not None:
                    yield int(behind.size[0]), int(behind.size[1])


def _frames(
    context: Any, mask: Any, material: ActorMaterial
) -> Iterator[tuple[int, dict[str, DrawnLayer]]]:
    """Every frame of the clip by number from the actor's first, with the layers as they are there.

    The scene's time is put back at the end.
    """
    scene, layer = context.scene, context.scene.view_layers[0]
    before = scene.frame_current, scene.frame_subframe
    try:
        for index, frame in enumerate(material.frames):
            go_to_frame(scene, layer, frame)
            evaluated = mask.evaluated_get(layer.depsgraph)
            yield index, {one.name: _read(one) for one in evaluated.layers}
    finally:
        scene.frame_set(math.floor(before[0]), subframe=before[1])


def _read(layer: Any) -> DrawnLayer:
    return DrawnLayer(
        curves=tuple(_curve(spline) for spline in layer.splines if len(spline.points)),
        alpha=layer.alpha,
        inverted=layer.invert,
        falloff=Falloff(layer.falloff),
        overlap=Overlap.HOLE if layer.use_fill_holes else Overlap.FILLED,
    )


def _curve(spline: Any) -> Curve:
    points = spline.points
    return Curve(
        places=np.array([[p.handle_left, p.co, p.handle_right] for p in points], np.float64),
        widths=np.array([p.weight for p in points], np.float64),
        between=tuple(
            np.array([[f.u, f.weight] for f in p.feather_points], np.float64).reshape(-1, 2)
            for p in points
        ),
        closed=spline.use_cyclic,
        filled=spline.use_fill,
        ease=Ease(spline.weight_interpolation),
    )


def _shape(layer: DrawnLayer) -> bytes:
    """Everything that changes its picture."""
    said = [repr((layer.alpha, layer.inverted, layer.falloff, layer.overlap)).encode()]
    for curve in layer.curves:
        arrays = (curve.places, curve.widths, *curve.between)
        said.append(repr((curve.closed, curve.filled, curve.ease)).encode())
        said += [repr(array.shape).encode() + array.tobytes() for array in arrays]
    return b"\n".join(said)
