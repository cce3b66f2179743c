"""Fits a figure of constant bones to what was seen of an actor, over the whole clip at once.

Sums of squares: joints on their rays and bones of one length weigh most and win in the end; where
they leave a choice, the estimator's depth, smooth motion, standing feet and the shape of a face
make it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .body import (
    BRACES,
    CHEST_DROP,
    GROUPS,
    INNER,
    JOINT_OF,
    LINKS,
    PELVIS_RISE,
    POINT,
    POINTS,
    STATURE,
)
from .first_guess import Guess
from .found import SURE, Sighting
from .normal_equations import NormalEquations
from .standing import runs

Array = NDArray[np.float64]

# How far each kind of residual may be off, metres for a person of usual size.
_LENGTH_STEPS = (0.04, 0.02, 0.01, 0.004, 0.002, 0.001, 0.0005, 0.0003, 0.0001)
_TURNS, _LAST_TURNS = 6, 40
"""Steps with each of these allowances for a bone's length, and with the last."""
_ENOUGH, _ENOUGH_PIXELS = 0.0002, 0.3
"""The last allowance is done with once every bone is this near to its length, in metres, and every
joint that was found to its ray."""
_LENGTH_PRIOR = 0.07
"""Share of a group's length that the clip's person may differ from the first guess."""
_DEPTH, _SIDEWAYS = 0.05, 0.15
_UNKNOWN_DEPTH = 0.15
_DISTANCE = 0.1
"""Share of its distance from the camera that the pelvis may differ from the first guess."""
_BEND = 0.012
"""Change of speed from frame to frame at 25 frames a second; more counts less and less."""
_SPEED = 0.6
_STRAIGHT, _INNER = 0.05, 0.03
_BRACE = 0.012
_STILL, _GROUND = 0.0004, 0.012
"""A standing ankle's change of distance from frame to frame, and its height over the ground."""
_REST, _QUIET = 0.15, 0.006
"""Seconds that an ankle rests at least, and how far it seems to move then, of the figure's height.
"""
_LIFTED = 0.10
"""An ankle this much higher than the other one does not stand."""
_NEAREST = 0.2
"""Of the figure's first distance: no point comes nearer."""
_FIRST_STANDING = 2
"""Stage from which feet may stand: before, it is not known where the ground is."""
_STARTING_DAMPING = 1e-3
_ANKLES = (POINT["right_ankle"], POINT["left_ankle"])
_SIZE = 3 * len(POINTS)


@dataclass(frozen=True)
class Figure:
    """A fitted figure."""

    points: Array
    """[n, points, 3] in the world."""
    lengths: dict[str, float]
    """Metres by group of links."""


@dataclass
class _Fit:
    found: Sighting
    guess: Guess
    scale: float
    points: Array
    lengths: Array
    ground: float
    standing: list[NDArray[np.bool_]] = field(default_factory=list)
    """[n] for each ankle whether it rests."""

    def equations(self, allowed: float, standing: bool) -> tuple[NormalEquations, float]:
        """The sums at the present figure, and how large they are."""
        self.total = 0.0
        sums = NormalEquations(self.found.count, _SIZE, len(GROUPS) + 1)
        self._rays(sums)
        self._links(sums, allowed * self.scale)
        self._ways(sums)
        self._distance(sums)
        self._inside(sums)
        self._braces(sums)
        self._smooth(sums)
        if standing:
            self._feet(sums)
        return sums, self.total

    def _add(self, sums: NormalEquations, value: Array, parts: list[tuple[int, Array]]) -> None:
        self.total += float((value * value).sum())
        sums.add(value, parts)

    def _rays(self, sums: NormalEquations) -> None:
        views, off = self.found.views, self.found.spread
        points = self.points[:, len(INNER) :]
        depth = np.maximum(views.depth(points), 0.05 * self.scale)
        seen = views.pixels(points)
        rows = views.rows[:, :, :3]
        for index, joint in enumerate(JOINT_OF):
            weight = 1 / off[:, joint]
            apart = np.where((weight > 0)[:, None], seen[:, index] - self.found.joints[:, joint], 0)
            slope = rows[:, :2] - seen[:, index, :, None] * rows[:, 2:3]
            slope = slope / depth[:, index, None, None]
            # A pixel far away must not pull harder than one nearby.
            self._add(
                sums,
                apart * weight[:, None],
                [(3 * (index + len(INNER)), slope * weight[:, None, None])],
            )

    def _links(self, sums: NormalEquations, allowed: float) -> None:
        for link in LINKS:
            which = GROUPS.index(link.group)
            way = self.points[:, link.end] - self.points[:, link.start]
            long = np.maximum(np.linalg.norm(way, axis=-1), 1e-6)
            unit = (way / long[:, None])[:, None, :] / allowed
            value = ((long - self.lengths[which]) / allowed)[:, None]
            self.total += float((value * value).sum())
            sums.add_shared(
                value,
                [(3 * link.end, unit), (3 * link.start, -unit)],
                which,
                np.full_like(value, -1 / allowed),
            )
        for which, group in enumerate(GROUPS):
            usual = self.guess.lengths[group]
            # For every frame: or a figure that runs would be shrunk, so that it runs less.
            weight = self.found.count**0.5 / (_LENGTH_PRIOR * usual)
            value = (self.lengths[which] - usual) * weight
            self.total += value * value
            sums.shared[which, which] += weight * weight
            sums.shared_slope[which] += weight * value

    def _ways(self, sums: NormalEquations) -> None:
        views = self.found.views
        body = self.points.mean(axis=1) - views.places
        ahead = body / np.maximum(np.linalg.norm(body, axis=-1, keepdims=True), 1e-9)
        along = ahead[:, :, None] * ahead[:, None, :]
        known = np.isfinite(self.guess.ways).all(axis=-1)
        for index, link in enumerate(LINKS):
            deep = np.where(known[:, index], _DEPTH, _UNKNOWN_DEPTH)[:, None, None] * self.scale
            wide = _SIDEWAYS * self.scale
            weight = np.where(known[:, index, None, None], (np.eye(3) - along) / wide, 0)
            weight = weight + along / deep
            wanted = np.where(known[:, index, None], self.guess.ways[:, index], 0)
            rest = self.points[:, link.end] - self.points[:, link.start] - wanted
            value = np.einsum("nij,nj->ni", weight, rest)
            value, weight = _calmed(value, weight)
            self._add(sums, value, [(3 * link.end, weight), (3 * link.start, -weight)])

    def _distance(self, sums: NormalEquations) -> None:
        views, at = self.found.views, POINT["pelvis"]
        began = views.depth(self.guess.points[:, at : at + 1])[:, 0]
        weight = 1 / (_DISTANCE * np.maximum(began, 1e-6))
        value = (views.depth(self.points[:, at : at + 1])[:, 0] - began) * weight
        self._add(sums, value[:, None], [(3 * at, (views.ahead * weight[:, None])[:, None, :])])

    def _inside(self, sums: NormalEquations) -> None:
        """Pelvis and chest near where they are in a trunk, the waist between them."""
        points, eye = self.points, np.broadcast_to(np.eye(3), (self.found.count, 3, 3))
        middles = {
            name: (points[:, POINT[f"right_{name}"]] + points[:, POINT[f"left_{name}"]]) / 2
            for name in ("hip", "shoulder")
        }
        up = middles["shoulder"] - middles["hip"]
        up = up / np.maximum(np.linalg.norm(up, axis=-1, keepdims=True), 1e-6)
        for inner, pair, rise in (
            ("pelvis", "hip", PELVIS_RISE),
            ("chest", "shoulder", -CHEST_DROP),
        ):
            weight = eye / (_INNER * self.scale)
            value = points[:, POINT[inner]] - middles[pair] - rise * self.scale * up
            self._add(
                sums,
                value / (_INNER * self.scale),
                [
                    (3 * POINT[inner], weight),
                    (3 * POINT[f"right_{pair}"], -weight / 2),
                    (3 * POINT[f"left_{pair}"], -weight / 2),
                ],
            )
        weight = eye / (_STRAIGHT * self.scale)
        ends = points[:, POINT["pelvis"]] + points[:, POINT["chest"]]
        self._add(
            sums,
            (points[:, POINT["waist"]] - ends / 2) / (_STRAIGHT * self.scale),
            [
                (3 * POINT["waist"], weight),
                (3 * POINT["pelvis"], -weight / 2),
                (3 * POINT["chest"], -weight / 2),
            ],
        )

    def _braces(self, sums: NormalEquations) -> None:
        allowed = _BRACE * self.scale
        for start, end, length in BRACES:
            way = self.points[:, end] - self.points[:, start]
            long = np.maximum(np.linalg.norm(way, axis=-1), 1e-6)
            unit = (way / long[:, None])[:, None, :] / allowed
            value = ((long - length * self.scale) / allowed)[:, None]
            self._add(sums, value, [(3 * end, unit), (3 * start, -unit)])

    def _smooth(self, sums: NormalEquations) -> None:
        flat = self.points.reshape(self.found.count, _SIZE)
        pace = 25.0 / self.found.fps
        bend = np.diff(flat, n=2, axis=0) / (_BEND * self.scale * pace * pace)
        calm = 1 / (1 + bend * bend / 9)
        self.total += float((9 * np.log1p(bend * bend / 9)).sum())
        weight = calm / (_BEND * self.scale * pace * pace) ** 2
        sums.add_difference(flat, weight, (1.0, -2.0, 1.0))
        speed = np.full((max(len(flat) - 1, 0), _SIZE), 1 / (_SPEED * self.scale * pace) ** 2)
        self.total += float((np.diff(flat, axis=0) ** 2 * speed).sum())
        sums.add_difference(flat, speed, (1.0, -1.0))

    def _feet(self, sums: NormalEquations) -> None:
        """Standing ankles keep their distance from the camera, and stand on one ground."""
        views, ground = self.found.views, len(GROUPS)
        apart = self.points[:, _ANKLES[0], 2] - self.points[:, _ANKLES[1], 2]
        for index, at in enumerate(_ANKLES):
            ankle, rests = self.points[:, at], self.standing[index]
            sight = ankle - views.places
            sight = sight / np.maximum(np.linalg.norm(sight, axis=-1, keepdims=True), 1e-9)
            line = (sight[1:] + sight[:-1]) / 2
            still = (rests[1:] & rests[:-1]) / (_STILL * self.scale)
            deep = np.einsum("nk,nk->n", np.diff(ankle, axis=0), line)
            value = (deep * still)[:, None]
            self.total += float((value * value).sum())
            sums.add_step(value, [(3 * at, (line * still[:, None])[:, None, :])])
            stands = rests & ((apart if index == 0 else -apart) < _LIFTED * self.scale)
            up = np.zeros((len(ankle), 1, 3))
            up[:, 0, 2] = stands / (_GROUND * self.scale)
            height = (ankle[:, 2:] - self.ground) / (_GROUND * self.scale) * stands[:, None]
            self.total += float((4 * np.log1p(height * height / 4)).sum())
            calm = 1 / np.sqrt(1 + height * height / 4)
            own = -calm * stands[:, None] / (_GROUND * self.scale)
            sums.add_shared(height * calm, [(3 * at, up * calm[..., None])], ground, own)

    def look_who_stands(self) -> None:
        """Find the frames on which each ankle rests, by the figure as it is now."""
        views, found = self.found.views, self.found
        still = _QUIET * float(np.nanmedian(self._heights()))
        self.standing = []
        for at in _ANKLES:
            pixels = found.joints[:, JOINT_OF[at - len(INNER)]]
            rests = np.zeros(found.count, bool)
            for run in runs(views, self.points[:, at], pixels, _REST * found.fps, still):
                rests[run] = True
            self.standing.append(rests)

    def _heights(self) -> Array:
        """How tall the figure is in pixels [n], standing."""
        views = self.found.views
        depth = views.depth(self.points).mean(axis=1)
        heights: Array = STATURE * self.scale * views.scale.mean(axis=1) / depth
        return heights

    def before_the_camera(self) -> bool:
        """Whether no point came close to the camera, or behind it, where pixels mean nothing."""
        depth = self.found.views.depth(self.points)
        began = self.found.views.depth(self.guess.points)
        return bool((depth > _NEAREST * np.median(began, axis=1, keepdims=True)).all())

    def misfit(self) -> float:
        """Metres that the worst bone on any frame is off its length."""
        ends = np.array([(link.start, link.end) for link in LINKS])
        ways = self.points[:, ends[:, 1]] - self.points[:, ends[:, 0]]
        wanted = self.lengths[[GROUPS.index(link.group) for link in LINKS]]
        return float(np.abs(np.linalg.norm(ways, axis=-1) - wanted).max())

    def off(self) -> float:
        """Pixels that the worst joint that was found is off its ray."""
        seen = self.found.views.pixels(self.points[:, len(INNER) :])
        apart = np.linalg.norm(seen - self.found.body, axis=-1)
        sure = self.found.spread[:, list(JOINT_OF)] <= SURE
        return float(apart[sure].max(initial=0.0))

    def lowest(self) -> float:
        """Where the ground is about: under most of the ankles' lower one."""
        return float(np.median(self.points[:, list(_ANKLES), 2].min(axis=1)))


def _calmed(value: Array, weight: Array) -> tuple[Array, Array]:
    """The same with residuals [n, 3] that are far off pulling less."""
    far = (value * value).sum(axis=1)
    calm = 1 / np.sqrt(1 + far / 9)
    return value * calm[:, None], weight * calm[:, None, None]


def fit(found: Sighting, guess: Guess, scale: float) -> Figure:
    """The figure that was seen; `scale` is its size in usual people."""
    lengths = np.array([guess.lengths[group] for group in GROUPS])
    state = _Fit(found, guess, scale, guess.points.copy(), lengths, 0.0)
    for stage, allowed in enumerate(_LENGTH_STEPS):
        standing = stage >= _FIRST_STANDING
        if stage <= _FIRST_STANDING:
            state.ground = state.lowest()
        if standing:
            state.look_who_stands()
        last = stage == len(_LENGTH_STEPS) - 1
        damping = _STARTING_DAMPING
        sums, total = state.equations(allowed, standing)
        for _ in range(_LAST_TURNS if last else _TURNS):
            if last and state.misfit() < _ENOUGH * scale and state.off() < _ENOUGH_PIXELS:
                break
            before = state.points, state.lengths, state.ground
            step, shared = sums.solve(damping)
            state.points = before[0] + step.reshape(before[0].shape)
            state.lengths = np.maximum(before[1] + shared[:-1], 0.02 * scale)
            state.ground = before[2] + float(shared[-1])
            tried, after = state.equations(allowed, standing)
            if after < total and state.before_the_camera():
                gained = total - after
                sums, total, damping = tried, after, damping / 10
                if gained < 1e-4 * total and not last:
                    break
            else:
                state.points, state.lengths, state.ground = before
                damping *= 30
    return Figure(state.points, dict(zip(GROUPS, map(float, state.lengths), strict=True)))
