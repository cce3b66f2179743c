"""The actor's outline in another pose: limbs drawn with the widths measured on the clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.limb_widths import (
    PAIRS,
    STATIONS,
    BodyWidths,
    head_directions,
    outer_side,
)
from mf_backend.body.skirt import cloth_outline
from mf_backend.body.whole_skeleton import HEAD, Points

_SHIFT = 4
"""Fractional bits of cv2's sub-pixel drawing."""


def draw_body(points: Points, widths: BodyWidths, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Filled outline, uint8 [height, width] of 0 or 255, of a skeleton [24, 2] in pixels."""
    import cv2

    canvas = np.zeros((size[1], size[0]), np.uint8)
    limit = 4.0 * max(size)
    points = np.clip(points, -limit, 2 * limit)

    def fill(polygon: Points) -> None:
        corners = np.rint(polygon * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(canvas, [corners], 255, cv2.LINE_8, _SHIFT)

    def disc(centre: Points, radius: float) -> None:
        x, y = (int(v) for v in np.rint(centre * (1 << _SHIFT)))
        cv2.circle(canvas, (x, y), int(radius * (1 << _SHIFT)), 255, -1, cv2.LINE_8, _SHIFT)

    for name, pairs in PAIRS.items():
        stations = np.array(STATIONS[name])
        half = widths.half[name]
        if name != "trunk":
            # The end past the last station is rounded by its disc; the start joins its parent.
            stations, half = np.r_[0.0, stations], np.concatenate([half[:1], half])
        for a, b in pairs:
            along = points[b] - points[a]
            length = float(np.linalg.norm(along))
            if length < 1e-3:
                disc(points[a], float(half.mean()))
                continue
            across = outer_side(points, (a, b)) * np.array([-along[1], along[0]]) / length
            centres = points[a] + stations[:, None] * along
            left, right = (
                centres + sign * half[:, k, None] * across for k, sign in ((0, 1), (1, -1))
            )
            fill(np.concatenate([left, right[::-1]]))
            for centre, radii in zip(centres, half, strict=True):
                if name != "trunk":
                    disc(centre + across * (radii[0] - radii[1]) / 2, float(radii.mean()))
    fill(points[[2, 5, 11, 8]])
    if widths.skirt is not None:
        fill(cloth_outline(points, widths.skirt))
    fill(points[HEAD] + widths.head[:, None] * head_directions(points[HEAD] - points[1]))
    return canvas
