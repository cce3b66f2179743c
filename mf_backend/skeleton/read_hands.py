"""Hands read back from a skeleton picture: all discs have one colour, each line has its own.

At the pictures' usual size a hand is a blob of overlapping discs with some line pixels between
them, so single joints are known to a few pixels only; the whole has the hand's place, size and
direction. Each finger is the cheapest path through possible disc centres: every visible pixel of
a line's colour should lie on that line, and a line should not run over what is not there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton import raster
from mf_backend.skeleton.evidence import DISC_CODES, HAND_DISC_CODE, LINE_CODES, Evidence
from mf_backend.skeleton.joints import HAND_LINES

Points = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MOST = 60
_WRISTS = 8
# A line is two pixels thick.
_HALF_THICKNESS = 1.6
_SAMPLES = 12
# Keeps paths short where nothing is seen of a line; far below the cost of a wrong pixel.
_PER_PIXEL = 0.02
# Worth of a disc's pixel that no other disc explains.
_PER_COVERED = 0.15
_SPREADS = 6
_FINGERS = 5
_FEWEST_PIXELS = 49


def _box_of(mask: Bools, margin: int) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + margin + 1),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + margin + 1),
    )


def _shifted_all(mask: Bools, shape: Bools) -> Bools:
    """Where every pixel of `shape` (odd sides, about its middle) lies on `mask`."""
    height, width = mask.shape
    reach_y, reach_x = shape.shape[0] // 2, shape.shape[1] // 2
    padded = np.pad(mask, ((reach_y, reach_y), (reach_x, reach_x)), constant_values=True)
    result = np.ones_like(mask)
    for row, column in zip(*np.nonzero(shape), strict=True):
        result &= padded[row : row + height, column : column + width]
    return result


def _centres(red: Bools) -> Points:
    """Possible disc centres (x, y), those at the outline first, thinned to `_MOST`."""
    fits = _shifted_all(red, raster.DISC.mask)
    rows, columns = np.nonzero(fits)
    if not rows.size:
        return np.empty((0, 2))
    # True centres stand out: around them the blob ends in many directions.
    height, width = red.shape
    padded = np.pad(~red, 6)
    outside = np.zeros(red.shape, np.int32)
    for angle in np.arange(0, 2 * np.pi, np.pi / 12):
        dy, dx = round(6 * np.sin(angle)), round(6 * np.cos(angle))
        outside += padded[6 + dy : 6 + dy + height, 6 + dx : 6 + dx + width]
    order = np.argsort(-outside[rows, columns], kind="stable")
    places = np.stack([columns, rows], axis=1)[order].astype(np.float64)
    kept: list[NDArray[np.float64]] = []
    for place in places:
        if all(np.abs(place - other).max() >= 2 for other in kept):
            kept.append(place)
            if len(kept) == _MOST:
                break
    return np.array(kept)


class _Hand:
    """One hand's pixels and the costs of lines between possible centres."""

    def __init__(self, red: Bools, lines: list[Points], later: NDArray[np.int64]) -> None:
        self.centres = _centres(red)
        self._red = red
        self._lines = lines
        self._later = later
        """1 + number of the line seen at each pixel, 99 for a disc, 0 for what is no hand."""
        a, b = self.centres[:, None], self.centres[None]
        self._lengths = np.linalg.norm(a - b, axis=2)
        steps = np.linspace(0, 1, _SAMPLES)[:, None, None, None]
        places = np.rint(a * (1 - steps) + b * steps).astype(np.int64)
        under = later[places[..., 1], places[..., 0]]
        self._under = np.moveaxis(under, 0, -1)

    def line_cost(self, line: int) -> NDArray[np.float64]:
        """[N, N] cost of a line from one centre (rows) to another (columns)."""
        crossed = (self._under < 1 + line).mean(axis=-1) * self._lengths
        pixels = self._lines[line]
        off = np.zeros_like(self._lengths)
        if len(pixels):
            start = self.centres[:, None, None]
            along = self.centres[None, :, None] - start
            relative = pixels[None, None] - start
            squared = np.maximum((along**2).sum(axis=-1), 1e-9)
            share = np.clip((relative * along).sum(axis=-1) / squared, 0, 1)
            gap = relative - share[..., None] * along
            off = ((gap**2).sum(axis=-1) > _HALF_THICKNESS**2).sum(axis=-1).astype(np.float64)
        cost: NDArray[np.float64] = off + 2 * crossed + _PER_PIXEL * self._lengths
        return cost

    def solve(self, wrist: NDArray[np.float64] | None) -> Points:
        """The 21 points [21, 2]."""
        costs = [self.line_cost(line) for line in range(len(HAND_LINES))]
        # Cheapest way from each possible wrist through each finger, tip first.
        ways: list[list[NDArray[np.int64]]] = []
        total = np.zeros(len(self.centres))
        for finger in range(_FINGERS):
            beyond = np.zeros(len(self.centres))
            steps: list[NDArray[np.int64]] = []
            for line in reversed(range(4 * finger, 4 * finger + 4)):
                whole = costs[line] + beyond[None, :]
                steps.insert(0, whole.argmin(axis=1))
                beyond = whole.min(axis=1)
            ways.append(steps)
            total += beyond
        if wrist is not None:
            total = total + 0.5 * np.linalg.norm(self.centres - wrist, axis=1)
        at = int(total.argmin())
        chosen = [at]
        for steps in ways:
            here = at
            for step in steps:
                here = int(step[here])
                chosen.append(here)
        return self.centres[self._spread(chosen, costs)]

    def _spread(self, chosen: list[int], costs: list[NDArray[np.float64]]) -> list[int]:
        """Move points to where discs are seen that none of them explains."""
        chosen = list(chosen)
        rows, columns = (axis - 4 for axis in np.nonzero(raster.DISC.mask))
        red = np.pad(self._red, 4)
        spots = (self.centres[:, 1:].astype(np.int64) + 4 + rows) * red.shape[1] + (
            self.centres[:, :1].astype(np.int64) + 4 + columns
        )
        counts = np.zeros(red.size, np.int64)
        for index in chosen:
            counts[spots[index]] += 1
        wanted = red.reshape(-1)
        for _ in range(_SPREADS):
            before = list(chosen)
            for point in reversed(range(1, 21)):
                counts[spots[chosen[point]]] -= 1
                gain = (wanted & (counts == 0))[spots].sum(axis=1) * _PER_COVERED
                for line, (start, end) in enumerate(HAND_LINES):
                    if end == point:
                        gain = gain - costs[line][chosen[start]]
                    elif start == point:
                        gain = gain - costs[line][:, chosen[end]]
                chosen[point] = int(gain.argmax())
                counts[spots[chosen[point]]] += 1
            if chosen == before:
                break
        return chosen


def read_hands(evidence: Evidence, body: Points) -> tuple[Points, Points]:
    """(left, right) hand, float64 [21, 2] each in pixels, NaN where a hand is not seen.

    `body` [18, 2] are the body's joints: a hand belongs to the nearer wrist. A point is in the
    middle of the pixel that its disc is centred at.
    """
    nothing = np.full((21, 2), np.nan)
    codes = evidence.codes
    layers = np.zeros(codes.shape, np.int64)
    for k, code in enumerate(LINE_CODES):
        layers[codes == code] = 1 + k
    layers[codes == HAND_DISC_CODE] = 99
    for joint, code in enumerate(DISC_CODES):
        # The body's own discs of these colours are no part of a hand.
        if np.isfinite(body[joint]).all() and code in (*LINE_CODES, HAND_DISC_CODE):
            x, y = np.floor(body[joint]).astype(int)
            lone = layers[max(y - 7, 0) : y + 8, max(x - 7, 0) : x + 8]
            if np.count_nonzero(lone) <= int(raster.DISC.mask.sum()):
                lone[:] = 0
    wrists = body[[7, 4]]
    known = np.isfinite(wrists).all(axis=1)
    if not known.any() or not layers.any():
        return nothing, nothing.copy()
    rows, columns = np.nonzero(layers)
    places = np.stack([columns, rows], axis=1).astype(np.float64)
    distance = np.linalg.norm(places[:, None] - wrists[None], axis=2)
    distance[:, ~known] = np.inf
    nearer = distance.argmin(axis=1)
    results = []
    for side in (0, 1):
        own = places[nearer == side].astype(np.int64)
        result = nothing.copy()
        if len(own) >= _FEWEST_PIXELS:
            mask = np.zeros(layers.shape, np.int64)
            mask[own[:, 1], own[:, 0]] = layers[own[:, 1], own[:, 0]]
            result = _read_hand(mask, wrists[side])
        results.append(result)
    return results[0], results[1]


def _read_hand(layers: NDArray[np.int64], wrist: NDArray[np.float64]) -> Points:
    box = _box_of(layers > 0, 5)
    part = layers[box]
    corner = np.array([box[1].start, box[0].start], np.float64)
    lines = []
    for k in range(len(HAND_LINES)):
        rows, columns = np.nonzero(part == 1 + k)
        lines.append(np.stack([columns, rows], axis=1).astype(np.float64))
    red = part == 99
    if not red.any():
        return np.full((21, 2), np.nan)
    hand = _Hand(red, lines, part)
    if len(hand.centres) < 2:
        return np.full((21, 2), np.nan)
    return hand.solve(wrist - corner) + corner + 0.5
