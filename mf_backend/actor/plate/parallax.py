"""A picture of the set laid upon another one more closely than one plane can.

A homography follows one plane: where a camera travels, floor and wall move by laws of their own.
What is left beside the hole is measured where both pictures show the set, and goes on into it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import Picture

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]

_WORKING_SIDE = 512
_FARTHEST = 0.03
"""Share of the longer side by which two pictures may still be apart; more is no measure."""
_UNLIKE = 24.0
"""Grey levels that the pictures may differ by where they were laid upon each other."""
_SMOOTH = ((0.008, 1.0), (0.02, 1e-2), (0.06, 1e-4))
"""Widths of what is spread, as shares of the longer side, and their weights: near ones first."""
_BETTER = 0.92
"""Share of the difference up to which it has to go down: less would be noise, and only blur."""
_FEWEST = 400
"""Pixels at the working size that have to say something."""
_PASSES = 3
_COARSE = 4
_DRAWN = 15
"""Pixels at the working size about which a fill draws the flow."""
_PLAIN = 0.2
"""Weight of a place without any edge, in grey levels of the edges' own."""


def laid_upon(moved: Picture, fixed: Picture, known: Bools) -> Floats | None:
    """Where to look up each pixel of `fixed` [H, W, 3] in `moved` [H, W, 3]: float32 [H, W, 2].

    Measured where `known` [H, W] says that both show the set, and carried on elsewhere. None where
    nothing is to be moved.
    """
    import cv2

    height, width = known.shape
    scale = min(1.0, _WORKING_SIDE / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    grey = [
        cv2.cvtColor(cv2.resize(p, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        for p in (fixed, moved)
    ]
    sure = cv2.resize(known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    sure = cv2.erode(sure, np.ones((5, 5), np.uint8))
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    spread = np.zeros((size[1], size[0], 2), np.float32)
    # What only one of them shows is filled with the other, which holds the flow back beside it: the
    # second time the fill lies where the first one said.
    for _ in range(_PASSES):
        places = x + spread[..., 0], y + spread[..., 1]
        laid = cv2.remap(grey[1], *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        free = cv2.remap(sure, *places, cv2.INTER_NEAREST) & sure
        more = _spread_flow(grey[0], np.where(free > 0, laid, grey[0]), free > 0)
        if more is None:
            return None
        spread = spread + more
    laid = cv2.remap(grey[1], x + spread[..., 0], y + spread[..., 1], cv2.INTER_LINEAR)
    before, after = (cv2.absdiff(g, grey[0])[sure > 0].mean() for g in (grey[1], laid))
    if after >= _BETTER * before:
        return None
    spread = cv2.resize(spread, (width, height), interpolation=cv2.INTER_LINEAR) / scale
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.dstack([x + spread[..., 0], y + spread[..., 1]]).astype(np.float32)


def _spread_flow(fixed: Grey, moved: Grey, free: Bools) -> Floats | None:
    """The flow [h, w, 2] from one picture to the other, measured where `free` and spread from
    there; None where too little says anything."""
    import cv2

    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(fixed, moved, None)
    y, x = np.mgrid[: fixed.shape[0], : fixed.shape[1]].astype(np.float32)
    again = cv2.remap(moved, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
    side = max(fixed.shape)
    # Flow beside the fill is drawn to it.
    aside = cv2.erode(free.astype(np.uint8), np.ones((_DRAWN, _DRAWN), np.uint8)) > 0
    good = aside & (np.linalg.norm(flow, axis=2) < _FARTHEST * side)
    good &= cv2.blur(cv2.absdiff(again, fixed), (5, 5)) < _UNLIKE
    if good.sum() < _FEWEST:
        return None
    # Plain places say nothing: edges do.
    edges = cv2.blur(np.abs(cv2.Laplacian(fixed, cv2.CV_32F)), (7, 7))
    weight = np.asarray(good * (edges + _PLAIN), np.float32)
    # What is spread is smooth: a quarter of the size says it in a tenth of the time.
    small = (max(4, fixed.shape[1] // _COARSE), max(4, fixed.shape[0] // _COARSE))
    voices = cv2.resize(weight, small, interpolation=cv2.INTER_AREA)
    said = cv2.resize(flow * weight[..., None], small, interpolation=cv2.INTER_AREA)
    total, mass = np.zeros_like(said), np.full(voices.shape, 1e-12, np.float32)
    for share, strength in _SMOOTH:
        sigma = share * max(small)
        total += strength * cv2.GaussianBlur(said, (0, 0), sigma)
        mass += strength * cv2.GaussianBlur(voices, (0, 0), sigma)
    spread = total / mass[..., None]
    whole = cv2.resize(spread, fixed.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole, np.float32)
