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
_CLEAR = 1.35
_MARGIN = 6.0
"""How much better the body's colours must fit: by this factor, and by this distance in Lab."""


def return_to_body(
    label: NDArray[Any],
    names: Sequence[str],
    near: dict[str, Floats],
    arms: Floats,
    inside: NDArray[np.bool_],
    frame: NDArray[np.uint8],
) -> NDArray[Any]:
    """Labels [h, w] with pixels taken back from an arm where they look like the body.

    `near` are distances to the bones in half widths, `arms` the smallest of the arms'. A pixel in
    the middle of an arm stays the arm's.
    """
    import cv2

    lab = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    out = label.copy()
    body_of = np.where(near["head"] < near["shoulders"], names.index("head"),
                       names.index("shoulders"))  # fmt: skip
    body = np.isin(label, [names.index("head"), names.index("shoulders")])
    body_colours = _palette(lab[inside & body & (arms > 1.6)])
    if body_colours is None:
        return out
    for side in ("right", "left"):
        own = [names.index(f"{side}_{piece}") for piece in ("upper_arm", "forearm", "hand")]
        distance = np.min([near[names[k]] for k in own], axis=0)
        mine = np.isin(label, own) & inside
        arm_colours = _palette(lab[mine & (distance < _CORE)])
        contested = mine & (distance >= _CORE)
        if arm_colours is None or not contested.any():
            continue
        pixels = lab[contested]
        to_arm, to_body = (_nearest(pixels, p) for p in (arm_colours, body_colours))
        lost = to_arm > _CLEAR * to_body + _MARGIN
        where = np.zeros(label.shape, np.uint8)
        where[contested] = lost
        # Single pixels are noise; only patches change sides.
        where = cv2.morphologyEx(where, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        out = np.where(where > 0, body_of, out)
    return out


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
