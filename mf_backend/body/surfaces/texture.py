"""A surface's picture in the target pose, gathered from the frames that show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.surfaces.carry import nearest_pixels, smoothed
from mf_backend.body.surfaces.evidence import NOBODY, Evidence
from mf_backend.body.surfaces.maps import Box, View

Floats = NDArray[np.float32]

_GUESS = 0.004
"""Weight of the measured widths against what a frame shows."""
_ENOUGH = 0.5
"""Share of the first frames' weight from which a pixel needs no further frames."""
_FEW = 12
"""So many pixels may lack."""
_AROUND = 0.06
"""Torso lengths about a pixel that nobody shows, in which others tell whether the surface ends."""
_SOFT = 3
"""Pixels over which one frame's pixels go over into another's."""


@dataclass(frozen=True)
class Drawn:
    """A surface in a box of the target picture."""

    box: Box
    colour: Floats | None
    """[h, w, 3], not yet times alpha; None where the frames were read without colours."""
    alpha: Floats
    """[h, w] 0 to 1."""
    unmeasured: Floats
    """[h, w] how far a pixel lies where measured widths say nothing, see View."""


@dataclass(frozen=True)
class Sample:
    """A frame that supplies a surface."""

    evidence: Evidence
    weight: float
    mirrored: bool = False


def draw_surface(
    view: View, first: Iterable[Sample], more: Iterable[Sample], size: float
) -> Drawn | None:
    """The surface from the frames of `first`, each as far as it may be believed.

    What they do not show comes from `more`, best first, of which no more is asked for than is
    needed. What nobody shows is continued from what lies nearest; None where there is nothing.
    `size` is source pixels for one target pixel.
    """
    known = np.zeros(view.x.shape, np.float32)
    cover = np.zeros_like(known)
    colour: Floats | None = None
    wanted = view.expected > 0.3

    def add(sample: Sample) -> None:
        nonlocal colour
        found, alpha, seen = _look(view, sample, size)
        weight = np.float32(sample.weight) * seen
        share = weight * alpha
        known[...] += weight
        cover[...] += share
        if found.shape[2]:
            found *= share[..., None]
            colour = found if colour is None else colour + found

    total = 0.0
    for sample in first:
        add(sample)
        total += sample.weight
    for sample in more:
        if np.count_nonzero(wanted & (known < _ENOUGH * total)) <= _FEW:
            break
        add(sample)
    if not cover.any():
        return None
    alpha = (cover + _GUESS * goes_on(view, cover, known)) / (known + _GUESS)
    shown = np.asarray(alpha * view.shown, np.float32)
    if colour is None:
        return Drawn(view.box, None, shown, view.unmeasured)
    rgb = _carry(colour / np.maximum(cover, 1e-6)[..., None], cover >= _GUESS, alpha)
    return Drawn(view.box, rgb, shown, view.unmeasured)


def goes_on(view: View, cover: Floats, known: Floats) -> Floats:
    """Where the surface goes on under what hides it, [h, w] 0 to 1.

    The measured widths say so; but where it is seen to end on all sides, there is none of it.
    """
    import cv2

    spread = _AROUND * view.widths.unit
    near = cv2.GaussianBlur(known, (0, 0), spread) + _GUESS
    inside = (cv2.GaussianBlur(cover, (0, 0), spread) + _GUESS / 2) / near
    return np.asarray(np.clip(view.expected + np.minimum(2 * inside - 1, 0), 0, 1), np.float32)


def _carry(rgb: Floats, seen: NDArray[np.bool_], alpha: Floats) -> Floats:
    """Colours carried on from the nearest pixel seen to where none was seen."""
    lacking = ~seen & (alpha > 0.02)
    if not lacking.any() or not seen.any():
        return rgb
    carried = smoothed(rgb, seen).reshape(-1, 3)[nearest_pixels(seen)]
    return np.where(lacking[..., None], carried, rgb).astype(np.float32)


def _look(view: View, sample: Sample, size: float) -> tuple[Floats, Floats, Floats]:
    """Colour [h, w, 3 or 0], alpha [h, w] and how far they may be believed [h, w] of one frame."""
    import cv2

    evidence = sample.evidence
    name = view.surface.mirror if sample.mirrored else view.surface.name
    places = view.locate(evidence.points, size, sample.mirrored)
    local = places - np.array(evidence.origin, np.float32)
    small = (local + 0.5) * np.array(evidence.scale, np.float32) - 0.5

    def at(values: NDArray[np.uint8], where: Floats, outside: int, how: int) -> NDArray[np.uint8]:
        found = cv2.remap(
            values, where, None, how, borderMode=cv2.BORDER_CONSTANT, borderValue=outside
        )
        return np.asarray(found, np.uint8)

    picture = at(evidence.picture, local, 0, cv2.INTER_LINEAR)
    picture = picture.reshape(*picture.shape[:2], -1)
    own = at(evidence.own[name], small, 0, cv2.INTER_LINEAR)
    # Beside the actor's box there is background: the surface is known to end.
    seen = at(evidence.seen[name], small, 255, cv2.INTER_LINEAR).astype(np.float32) / 255
    alpha = picture[..., -1].astype(np.float32) * own.astype(np.float32) / (255 * 255)
    seen *= _inside(places, evidence.size)
    label = at(evidence.label, small, NOBODY, cv2.INTER_NEAREST)
    right = view.shows(label, evidence.points, sample.mirrored)
    if not right.all():
        # Labels are sharp, colours are not: a pixel's border to another bone is not believed.
        inner = cv2.erode(right.astype(np.uint8), np.ones((3, 3), np.uint8))
        seen *= inner * cv2.blur(inner.astype(np.float32), (_SOFT, _SOFT))
    lost = view.lost(evidence.found, sample.mirrored)
    if lost is not None:
        # Where a bone is a guess, background says nothing about the limb.
        seen = np.where(lost, seen * alpha, seen)
    return picture[..., :-1].astype(np.float32), alpha, seen


def _inside(places: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which places [h, w, 2] lie in a picture (width, height)."""
    x, y = places[..., 0], places[..., 1]
    inside: NDArray[np.bool_] = (x >= 0) & (x <= size[0] - 1) & (y >= 0) & (y <= size[1] - 1)
    return inside
