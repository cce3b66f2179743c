"""From the target picture into the clip's frames, surface by surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.bones import BONE, LABELS, Bone, bone_distance
from mf_backend.body.limb_widths import BodyWidths, head_directions
from mf_backend.body.skirt import cloth_outline
from mf_backend.body.surfaces.bend import Chain, Place, locate, place_pixels
from mf_backend.body.surfaces.fall import Fall, bare, fall_of
from mf_backend.body.surfaces.names import ARMS, LEGS, SURFACE, Kind, Surface
from mf_backend.body.surfaces.torso import lowered
from mf_backend.body.transform import head_weights, trunk_affine, trunk_weights
from mf_backend.body.whole_skeleton import HEAD as HEAD_POINT
from mf_backend.body.whole_skeleton import Points

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]

_WIDEST_LIMB = 1.7
"""Limbs are shown to this many times the actor's half width: sleeves, and no more."""
_WIDEST_TIP = 5.0
"""What a hand holds goes with it, and a foot is as long as it is seen."""
_WIDEST_TRUNK = 4.0
_HELD = 1.5
"""From this many half widths off the hand's middle a pixel is no part of the hand itself."""
_FADE = 0.3
_NO_BONE = -9
_JOINT = 0.35
"""Share of a bone at its ends in which pixels may come from the neighbouring bone."""
_FOLDS = np.deg2rad((60, 100))
_FOLDED_JOINT = 0.02
"""The same where the source's joint is folded: between these angles it shrinks to that. There both
bones lie side by side, and the neighbour's pixels are no part of this one."""
_ROOT = 1.3
"""Half widths by which a limb reaches into the body above its root."""


@dataclass(frozen=True)
class View:
    """A surface in one target frame, in a box of its picture."""

    surface: Surface
    box: Box
    """x0, y0, x1, y1 (exclusive)."""
    points: Points
    """The target skeleton [24, 2]."""
    widths: BodyWidths
    """The actor's half widths at the target's size."""
    shown: Floats
    """[h, w] how far a pixel may be shown at all: 1 near the bones, 0 far off."""
    expected: Floats
    """[h, w] where the measured widths put the surface, 0 to 1."""
    x: Floats
    y: Floats
    unmeasured: Floats
    """[h, w] how far a pixel lies on a foot, which may point anywhere, or beside a hand, where only
    what it holds can be; 0 for trunk and head."""
    chain: Chain | None = None
    place: Place | None = None
    fall: Fall | None = None

    def locate(self, source: Points, size: float, mirrored: bool = False) -> Floats:
        """Source coordinates float32 [h, w, 2] for a source skeleton [24, 2].

        `size` is source pixels for one target pixel. `mirrored` takes the limb of the other side.
        """
        if self.fall is not None:
            return self.fall.locate(source, size)
        if self.chain is None or self.place is None:
            weigh = head_weights if self.surface.kind is Kind.HEAD else trunk_weights
            weights = weigh(lowered(self.points), self.widths, self.x, self.y)
            return _trunk_places(self.points, source, weights, size, self.x, self.y)
        other = chain_of(self.surface, source, self.widths.scaled(size), mirrored)
        return locate(self.place, self.chain, other, size, mirrored)

    def shows(
        self, label: NDArray[np.uint8], source: Points, mirrored: bool = False
    ) -> NDArray[np.bool_]:
        """Where a pixel of the bones `label` [h, w] may stand for this limb's own bone.

        `source` [24, 2] is the skeleton of the frame that has them.

        Folded limbs lie over themselves: only near a joint may a neighbour's pixels be taken.
        Pixels of no bone of the limb, such as the background beside it, are left to others.
        """
        if self.chain is None or self.place is None:
            return np.ones(label.shape, bool)
        order = np.full(256, _NO_BONE, np.int16)
        for k, bone in enumerate(_bones(self.surface, mirrored)):
            order[LABELS.index(bone.name)] = k
        there, here = order[label], self.place.bone.astype(np.int16)
        share = self.place.share(self.chain)
        turns = np.abs(chain_of(self.surface, source, self.widths, mirrored).turns)
        common = np.interp(turns, _FOLDS, (_JOINT, _FOLDED_JOINT)).astype(np.float32)
        further = (there == here + 1) & (share > 1 - common[self.place.bone + 1])
        back = (there == here - 1) & (share < common[self.place.bone])
        return np.asarray((there == here) | further | back | (there == _NO_BONE))

    def lost(self, found: NDArray[np.bool_], mirrored: bool = False) -> NDArray[np.bool_] | None:
        """[h, w] where a limb's bone leads to a point that a frame did not show (`found` [24]).

        None for trunk and head, and where it showed all.
        """
        if self.place is None:
            return None
        guessed = np.array([not found[bone.b] for bone in _bones(self.surface, mirrored)])
        return guessed[self.place.bone] if guessed.any() else None


def _bones(surface: Surface, mirrored: bool) -> list[Bone]:
    names = SURFACE[surface.mirror].bones if mirrored else surface.bones
    return [BONE[name] for name in names]


def chain_of(surface: Surface, points: Points, widths: BodyWidths, mirrored: bool = False) -> Chain:
    """A limb of a skeleton, or the one on the other side."""
    bones = _bones(surface, mirrored)
    path = np.stack([points[bones[0].a], *(points[b.b] for b in bones)])
    starts = [float(widths.at(b.limb, np.array([0.1]))[0]) for b in bones]
    last = float(widths.at(bones[-1].limb, np.array([0.9]))[0])
    return Chain(path, np.array([*starts, last]))


def view(
    surface: Surface, points: Points, widths: BodyWidths, canvas: tuple[int, int]
) -> View | None:
    """A surface in the target pose `points`; None where it lies outside the picture."""
    reached = _reached(surface, points, widths)
    margin = surface.margin * widths.unit
    low = np.floor(reached.min(0) - margin)
    high = np.ceil(reached.max(0) + margin) + 1
    x0, y0 = (int(np.clip(low[k], 0, canvas[k])) for k in (0, 1))
    x1, y1 = (int(np.clip(high[k], 0, canvas[k])) for k in (0, 1))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    x, y = np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32))
    box = (x0, y0, x1, y1)
    if surface.kind is Kind.CHAIN:
        chain = chain_of(surface, points, widths)
        place = place_pixels(chain, x, y)
        shown, expected, beyond = _limb_extent(surface, chain, place, widths)
        return View(surface, box, points, widths, shown, expected, x, y, beyond, chain, place)
    if widths.skirt is not None and surface.kind is Kind.SKIRT:
        fall = fall_of(points, widths.skirt, x, y)
        shown, expected = fall.shown, fall.expected
        nothing = np.zeros_like(x)
        return View(surface, box, points, widths, shown, expected, x, y, nothing, fall=fall)
    bone = BONE[surface.bones[0]]
    near = bone_distance(points, bone, widths, x, y)
    shown = np.clip((_WIDEST_TRUNK - near) / _FADE, 0, 1)
    expected = _trunk_extent(surface, points, widths, box, near)
    return View(surface, box, points, widths, shown, expected, x, y, np.zeros_like(x))


def _reached(surface: Surface, points: Points, widths: BodyWidths) -> Points:
    """Points [n, 2] about which a surface lies."""
    if surface.kind is Kind.SKIRT:
        return points[[8, 11]] if widths.skirt is None else cloth_outline(points, widths.skirt)
    indices = sorted({k for name in surface.bones for k in (BONE[name].a, BONE[name].b)})
    if surface.kind is Kind.TRUNK:
        indices += [2, 5, 8, 11]
    return points[indices]


def _past_joint(share: Floats) -> Floats:
    """0 at the root of a bone to 1 from a third of it."""
    return np.clip(3 * share, 0, 1)


def _limb_extent(
    surface: Surface, chain: Chain, place: Place, widths: BodyWidths
) -> tuple[Floats, Floats, Floats]:
    """`shown`, `expected` and `unmeasured` of a limb."""
    share = np.clip(place.share(chain), 0, 1)
    half = np.ones_like(share)
    widest = np.full_like(share, _WIDEST_LIMB)
    for k, name in enumerate(surface.bones):
        table = widths.at(BONE[name].limb, np.linspace(0, 1, 33)).astype(np.float32)
        here = place.bone == k
        half[here] = np.maximum(table, 1)[np.rint(32 * share[here]).astype(np.int32)]
        if k == chain.count - 1:
            # Only beyond the wrist, so that what it holds does not hang on the forearm.
            widest[here] += _past_joint(share[here]) * (_WIDEST_TIP - _WIDEST_LIMB)
    away = np.abs(place.side) / half
    lengths = chain.lengths
    last = place.bone == chain.count - 1
    over = np.where(last, np.maximum(place.along - lengths[-1], 0), 0)
    under = np.where(place.bone == 0, np.maximum(-place.along, 0), 0)
    away = np.hypot(away, over / half)
    # Rounded above the root, so that no corner of it stands out beside the body.
    reach = np.hypot(away, under / half * (widest / _ROOT))
    shown = np.clip((widest - reach) / _FADE, 0, 1)
    body = np.hypot(away, under / half)
    expected = np.clip((1 - body) * half + 0.5, 0, 1)
    if widths.skirt is not None and surface in LEGS:
        expected = expected * bare(widths.skirt, place.bone + share)
    beyond = np.where(last, _past_joint(share), 0)
    if surface in ARMS:
        beyond *= np.clip((away - _HELD) / _FADE, 0, 1)
    return shown.astype(np.float32), expected.astype(np.float32), beyond.astype(np.float32)


def _trunk_extent(
    surface: Surface, points: Points, widths: BodyWidths, box: Box, near: Floats
) -> Floats:
    import cv2

    x0, y0, x1, y1 = box
    drawn = np.zeros((y1 - y0, x1 - x0), np.uint8)
    if surface.kind is Kind.TRUNK:
        outline = points[[2, 5, 11, 8]]
    else:
        outline = points[HEAD_POINT] + widths.head[:, None] * head_directions(
            points[HEAD_POINT] - points[1]
        )
    corners = np.rint((outline - (x0, y0)) * 16)
    cv2.fillPoly(drawn, [np.clip(corners, -1e6, 1e6).astype(np.int32)], 255, cv2.LINE_AA, 4)
    round_it = np.clip((1 - near) * 0.1 * widths.unit + 0.5, 0, 1)
    return np.maximum(drawn.astype(np.float32) / 255, round_it).astype(np.float32)


def _trunk_places(
    target: Points, source: Points, weights: list[Floats], size: float, x: Floats, y: Floats
) -> Floats:
    """Hips, shoulders and head, blended into each other along the body."""
    target, source = lowered(target), lowered(source)
    out = np.zeros((*x.shape, 2), np.float32)
    for weight, name in zip(weights, ("hips", "shoulders", "head"), strict=True):
        m = trunk_affine(name, target, source, size).astype(np.float32)
        out[..., 0] += weight * (m[0, 0] * x + m[0, 1] * y + m[0, 2])
        out[..., 1] += weight * (m[1, 0] * x + m[1, 1] * y + m[1, 2])
    return out
