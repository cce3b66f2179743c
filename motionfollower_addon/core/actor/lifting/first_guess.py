"""Where a figure is about, before it is fitted: the estimator's own depth before the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .body import (
    CHEST_DROP,
    GROUPS,
    INNER,
    JOINT_OF,
    LINKS,
    PELVIS_RISE,
    POINT,
    POINTS,
)
from .found import Sighting

Array = NDArray[np.float64]

_MEASURED = ("thigh", "shin", "upper arm", "forearm")
_STEADY = 2.0
"""Frames over which the distance of the figure is averaged."""
_SHORT = 20.0
"""Of the distances that single bones suggest this percentile counts: a bone that points at the
camera looks short and far away."""


@dataclass(frozen=True)
class Guess:
    """A figure before it is fitted."""

    points: Array
    """[n, points, 3] in the world."""
    ways: Array
    """[n, links, 3] how each bone lies in the world by the estimator; NaN where it does not say."""
    lengths: dict[str, float]
    """Metres by group of links."""


def _inner(body: Array, scale: float) -> Array:
    """The inner points [n, 4, 3] from the body's [n, 17, 3], all in one space with metres."""

    def at(name: str) -> Array:
        point: Array = body[:, POINT[name] - len(INNER)]
        return point

    hips = (at("right_hip") + at("left_hip")) / 2
    shoulders = (at("right_shoulder") + at("left_shoulder")) / 2
    up = shoulders - hips
    up = up / np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-9)
    pelvis, chest = hips + scale * PELVIS_RISE * up, shoulders - scale * CHEST_DROP * up
    head = (at("right_ear") + at("left_ear")) / 2
    return np.stack([pelvis, (pelvis + chest) / 2, chest, head], axis=1)


def _fill(values: Array) -> Array:
    """Gaps of [n, ...] filled from the frames beside, element by element."""
    flat = values.reshape(len(values), -1).copy()
    times = np.arange(len(flat))
    for column in flat.T:
        known = np.isfinite(column)
        if known.any():
            column[~known] = np.interp(times[~known], times[known], column[known])
    return flat.reshape(values.shape)


def _steadied(values: Array) -> Array:
    """Values [n] averaged over neighbours in time."""
    apart = np.arange(len(values))[:, None] - np.arange(len(values))
    weight = np.exp(-((apart / _STEADY) ** 2) / 2)
    result: Array = weight @ values / weight.sum(axis=1)
    return result


def _turned(found: Sighting, body: Array) -> Array:
    """The estimator's body [n, 17, 3] in the world's directions, about the middle of the hips.

    Its depth is along the line of sight to the person, not along the camera's axis.
    """
    views = found.views
    seen = np.isfinite(found.body).all(axis=-1, keepdims=True)
    total = np.where(seen, found.body, 0).sum(axis=1)
    middle = total / np.maximum(seen.sum(axis=1), 1)
    middle = np.where(seen.any(axis=1), middle, views.centre)
    ahead = views.rays(middle[:, None])[:, 0]
    ahead = ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)
    across = np.cross(views.down, ahead)
    across = across / np.linalg.norm(across, axis=-1, keepdims=True)
    down = np.cross(ahead, across)
    turned: Array = np.einsum("nmk,nkj->nmj", body, np.stack([across, down, ahead], axis=1))
    return turned


def _distances(found: Sighting, turned: Array) -> Array:
    """The figure's middle [n, 3], from where `turned` [n, 17, 3] is seen; camera axes."""
    views, pixels = found.views, found.body
    slopes = (pixels - views.centre[:, None]) / views.scale[:, None]
    axes = np.stack([views.across, views.down, views.ahead], axis=1)
    local = np.einsum("nmk,njk->nmj", turned, axes)
    result = np.full((found.count, 3), np.nan)
    for t in range(found.count):
        there = np.isfinite(slopes[t]).all(axis=-1) & np.isfinite(local[t]).all(axis=-1)
        if there.sum() < 4:
            continue
        slope, own = slopes[t][there], local[t][there]
        matrix = np.zeros((len(slope), 2, 3))
        matrix[:, 0, 0] = matrix[:, 1, 1] = 1
        matrix[:, :, 2] = -slope
        right = slope * own[:, 2:] - own[:, :2]
        weight = np.ones(len(slope))
        for _ in range(6):
            w = np.sqrt(weight)[:, None]
            place = np.linalg.lstsq(
                (matrix * w[..., None]).reshape(-1, 3), (right * w).reshape(-1), rcond=None
            )[0]
            off = np.linalg.norm(matrix @ place - right, axis=-1)
            weight = 1 / np.maximum(off / max(float(np.median(off)), 1e-9), 1)
        result[t] = place
    depth = result[:, 2]
    depth[~(depth > 0)] = np.nan
    return result


def _by_lengths(found: Sighting, lengths: dict[str, float]) -> Array:
    """Distance [n] from how long the bones look, where the estimator knows no depth."""
    views, pixels = found.views, found.body
    options = []
    for link in LINKS:
        if link.start < len(INNER):
            continue
        a, b = pixels[:, link.start - len(INNER)], pixels[:, link.end - len(INNER)]
        seen = np.linalg.norm((b - a) / views.scale, axis=-1)
        options.append(lengths[link.group] / np.maximum(seen, 1e-6))
    trunk = 2 * lengths["spine"] + PELVIS_RISE + CHEST_DROP
    four = [pixels[:, POINT[name] - len(INNER)] for name in
            ("right_hip", "left_hip", "right_shoulder", "left_shoulder")]  # fmt: skip
    seen = np.linalg.norm((four[0] + four[1] - four[2] - four[3]) / 2 / views.scale, axis=-1)
    options.append(trunk / np.maximum(seen, 1e-6))
    rows = np.stack(options, axis=1)
    result = np.full(found.count, np.nan)
    for t, row in enumerate(rows):
        known = row[np.isfinite(row)]
        if len(known):
            result[t] = np.percentile(known, _SHORT)
    return result


def _lengths(body: Array | None, scale: float) -> tuple[dict[str, float], float]:
    """(metres by group, what the estimator's metres are multiplied with)."""
    usual = {link.group: scale * link.length for link in LINKS}
    if body is None:
        return usual, scale
    measured: dict[str, float] = {}
    points = np.concatenate([_inner(body, 1.0), body], axis=1)
    for group in GROUPS:
        long = [
            np.linalg.norm(points[:, link.end] - points[:, link.start], axis=-1)
            for link in LINKS
            if link.group == group
        ]
        values = np.concatenate(long)
        values = values[np.isfinite(values)]
        if len(values):
            measured[group] = float(np.median(values))
    known = [group for group in _MEASURED if group in measured]
    if not known:
        return usual, scale
    factor = sum(usual[g] for g in known) / max(sum(measured[g] for g in known), 1e-6)
    mixed = {
        group: float(np.sqrt(usual[group] * factor * measured[group])) if group in known
        else usual[group]
        for group in GROUPS
    }  # fmt: skip
    return mixed, factor


def first_guess(found: Sighting, scale: float) -> Guess:
    """A figure `scale` times as large as a usual person's metres, about where it was seen."""
    views, count = found.views, found.count
    body = None if found.world is None else found.world[:, list(JOINT_OF)]
    if body is not None and not np.isfinite(body).all(axis=-1).any():
        body = None
    lengths, factor = _lengths(body, scale)
    flat = body is None
    turned = np.zeros((count, len(JOINT_OF), 3))
    if body is not None:
        turned = _fill(_turned(found, factor * body))
        places = _distances(found, turned)
        depth = places[:, 2]
        offset = np.einsum("nmk,nk->nm", turned, views.ahead)
    else:
        depth = _by_lengths(found, lengths)
        offset = np.zeros((count, len(JOINT_OF)))
    if not np.isfinite(depth).any():
        depth = np.full(count, 3.0 * scale)
    depth = _steadied(_fill(depth))
    pixels = _fill(found.body)
    unknown = ~np.isfinite(pixels)
    pixels = np.where(unknown, np.broadcast_to(views.centre[:, None], pixels.shape), pixels)
    seen = views.at_depth(pixels, np.maximum(depth[:, None] + offset, 0.2 * depth[:, None]))
    points = np.concatenate([_inner(seen, scale), seen], axis=1)
    ways = np.full((count, len(LINKS), 3), np.nan)
    if not flat:
        figure = np.concatenate([_inner(turned, scale), turned], axis=1)
        for index, link in enumerate(LINKS):
            ways[:, index] = figure[:, link.end] - figure[:, link.start]
    assert points.shape[1] == len(POINTS)
    return Guess(points, ways, lengths)
