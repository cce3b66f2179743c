"""Hair and clothes beside an arm told from the arm by their colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_CLUSTERS = 4
_SAMPLES = 600
_LEAST = 40
"""Fewer pixels than this say nothing about a part's colours."""
_CORE = 0.6
_SAME = 18.0
"""Distance in Lab up to which two main colours count as the same."""
_FINGERS = 2.4
"""Half widths about a hand in which its fingers may lie."""
_AROUND = (2.6, 7.0)
"""Half widths about a hand in which cloth is looked at."""
_CLOTHED = ("shoulders", "right_thigh", "left_thigh", "right_shin", "left_shin")
_CLEAR = 1.35
_MARGIN = 6.0
"""How much better the body's colours must fit: by this factor, and by this distance in Lab."""


def return_to_body(
    label: NDArray[Any],
    names: Sequence[str],
    near: dict[str, Floats],
    arms: Floats,
    inside: NDArray[np.bool_],
    shoulders: NDArray[np.bool_],
    frame: NDArray[np.uint8],
) -> NDArray[Any]:
    """Labels [h, w] with pixels taken back from an arm where they look like the body.

    `near` are distances to the bones in half widths, `arms` the smallest of the arms'. A pixel in
    the middle of an arm stays the arm's, except near the `shoulders`, where hair falls over it.
    """
    import cv2

    lab = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    out = label.copy()
    head, trunk = names.index("head"), names.index("shoulders")
    body_of = np.where(near["head"] < near["shoulders"], head, trunk)
    away = inside & (arms > 1.6)
    body_colours = _palette(lab[away & np.isin(label, [head, trunk])])
    head_colours = _palette(lab[away & (label == head)])
    clothes = _without(_palette(lab[away & (label == trunk)]), head_colours)
    if body_colours is None:
        return out
    for side in ("right", "left"):
        own = [names.index(f"{side}_{piece}") for piece in ("upper_arm", "forearm", "hand")]
        distance = np.min([near[names[k]] for k in own], axis=0)
        mine = np.isin(label, own) & inside
        core = mine & (distance < _CORE)
        lost = _lost(lab, mine & ~core, _palette(lab[core]), body_colours)
        if head_colours is not None:
            # Sleeves have the clothes' colours; hair over a shoulder has neither theirs nor skin's.
            arm_colours = _joined(_palette(lab[core & ~shoulders]), clothes)
            lost |= _lost(lab, mine & shoulders, arm_colours, head_colours)
        out = np.where(_patches(lost), body_of, out)
    return out


def share_with_hands(
    label: NDArray[Any],
    names: Sequence[str],
    near: dict[str, Floats],
    inside: NDArray[np.bool_],
    frame: NDArray[np.uint8],
) -> NDArray[Any]:
    """Labels [h, w] with hands that lie on clothes told from them by their colours.

    Fingers reach beyond the hand's measured width, and cloth lies between them. The head, which has
    the hands' colours, takes no part. `near` are distances to the bones in half widths.
    """
    import cv2

    lab = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    out = label.copy()
    clothed = [k for k, name in enumerate(names) if name in _CLOTHED]
    dressed = np.array(clothed)[np.argmin(np.stack([near[names[k]] for k in clothed]), axis=0)]
    for side in ("right", "left"):
        hand = names.index(f"{side}_hand")
        distance = near[f"{side}_hand"]
        on_clothes = inside & np.isin(label, clothed)
        core = inside & (label == hand) & (distance < _CORE)
        clothes = _palette(lab[on_clothes & (distance > _AROUND[0]) & (distance < _AROUND[1])])
        skin = _without(_palette(lab[core]), clothes)
        if skin is None or clothes is None or not len(skin):
            # Too small to tell, or hidden: what is seen there is cloth.
            continue
        fingers = _lost(lab, on_clothes & (distance < _FINGERS), clothes, skin)
        cloth = _lost(lab, inside & (label == hand), skin, clothes)
        out = np.where(_patches(fingers), hand, np.where(_patches(cloth), dressed, out))
    return out


def _patches(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without single pixels, which are noise; what stays lies where it was."""
    import cv2

    kernel = np.ones((2, 2), np.uint8)
    # An even kernel has no middle: what it moves to one side has to be moved back.
    core = cv2.erode(inside.astype(np.uint8), kernel, anchor=(1, 1))
    return np.asarray(cv2.dilate(core, kernel, anchor=(0, 0)) > 0)


def _lost(
    lab: Floats, contested: NDArray[np.bool_], arm: Floats | None, body: Floats
) -> NDArray[np.bool_]:
    """Which of the contested pixels [h, w] look clearly more like the body than like the arm."""
    lost = np.zeros(contested.shape, bool)
    if arm is not None and len(arm) and contested.any():
        to_arm, to_body = (_nearest(lab[contested], palette) for palette in (arm, body))
        lost[contested] = to_arm > _CLEAR * to_body + _MARGIN
    return lost


def _without(palette: Floats | None, other: Floats | None) -> Floats | None:
    """The colours of a palette that are not in another."""
    if palette is None or other is None:
        return palette
    kept: Floats = palette[_nearest(palette, other) > _SAME]
    return kept


def _joined(a: Floats | None, b: Floats | None) -> Floats | None:
    if a is None or b is None:
        return None
    return np.concatenate([a, b])


def _palette(pixels: Floats) -> Floats | None:
    """Main colours [k, 3] of pixels [n, 3]; None where there are too few."""
    import cv2

    if len(pixels) < _LEAST:
        return None
    step = max(1, len(pixels) // _SAMPLES)
    samples = np.ascontiguousarray(pixels[::step], np.float32)
    cv2.setRNGSeed(1)
    rule = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, labels, centres = cv2.kmeans(samples, _CLUSTERS, None, rule, 1, cv2.KMEANS_PP_CENTERS)
    share = np.bincount(labels.ravel(), minlength=_CLUSTERS) / len(samples)
    # A small cluster is what strayed in from the neighbour.
    kept: Floats = centres[share > 0.12]
    return kept


def _nearest(pixels: Floats, palette: Floats) -> Floats:
    distances: Floats = np.linalg.norm(pixels[:, None] - palette[None], axis=-1).min(1)
    return distances
