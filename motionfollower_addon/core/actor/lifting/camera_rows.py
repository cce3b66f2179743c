"""What a lens and a place make of space, from the rows that project it frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Views:
    """Perspective cameras of `n` frames, from rows [n, 3, 4] as `projection.pixel_rows` gives."""

    rows: Array
    ahead: Array
    """[n, 3] unit vectors that the cameras look along, in the world."""
    across: Array
    """[n, 3] towards the right of the picture."""
    down: Array
    """[n, 3] towards its lower edge."""
    scale: Array
    """[n, 2] pixels for a slope of one, across and down."""
    centre: Array
    """[n, 2] pixel that lies straight ahead."""
    places: Array
    """[n, 3] where the cameras are."""

    def rays(self, pixels: Array) -> Array:
        """World directions [n, m, 3] of pixels [n, m, 2]; one unit of depth long."""
        slope = (pixels - self.centre[:, None]) / self.scale[:, None]
        sideways = slope[..., :1] * self.across[:, None] + slope[..., 1:] * self.down[:, None]
        rays: Array = self.ahead[:, None] + sideways
        return rays

    def at_depth(self, pixels: Array, depth: Array) -> Array:
        """World points [n, m, 3] of pixels [n, m, 2] that are `depth` [n, m] ahead."""
        return self.places[:, None] + depth[..., None] * self.rays(pixels)

    def depth(self, points: Array) -> Array:
        """How far ahead of its camera each world point [n, m, 3] is, [n, m]."""
        moved: Array = np.einsum("nmk,nk->nm", points - self.places[:, None], self.ahead)
        return moved

    def pixels(self, points: Array) -> Array:
        """Pixels [n, m, 2] of world points [n, m, 3]."""
        placed = np.einsum("nij,nmj->nmi", self.rows[:, :, :3], points) + self.rows[:, None, :, 3]
        seen: Array = placed[..., :2] / placed[..., 2:]
        return seen


def views(rows: Array) -> Views:
    """Take cameras apart, rows [n, 3, 4]."""
    ahead = rows[:, 2, :3]
    centre = np.einsum("nik,nk->ni", rows[:, :2, :3], ahead)
    axes = rows[:, :2, :3] - centre[..., None] * ahead[:, None]
    scale = np.linalg.norm(axes, axis=-1)
    axes = axes / scale[..., None]
    places = -np.linalg.solve(rows[:, :, :3], rows[:, :, 3:])[..., 0]
    return Views(rows, ahead, axes[:, 0], axes[:, 1], scale, centre, places)
