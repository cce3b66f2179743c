"""Temporal repair of estimated body joints: mistakes out, short gaps filled, jitter smoothed.

Pure functions on arrays [frames, 18, 2] with NaN where a joint is not known. Smoothing is centred
(a frame is averaged with those before and after alike), so nothing lags.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import JointState

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
States = NDArray[np.uint8]

LONGEST_GAP = 8
"""Frames over which a lost person is carried on between two sightings."""
_JUMP = 0.10
_CALM = 0.05
"""A joint is a mistake if it leaves the line between its neighbours by `_JUMP` of the height while
these are within `_CALM` + half the jump of each other."""
_UNSURE = 0.035
"""… and the estimator's views disagree by this part of the height at least."""
_JITTER = 0.006
"""Deviations from the local curve below about this part of the height are noise."""
_HALF = 2
_COLLAPSED = 0.5
"""A body whose extent is less than this part of what it is around is none; a squat keeps more."""
_COLLAPSING = 0.8
"""The same for frames beside one of these."""
_OVER = np.radians(100)
"""Turn of a trunk from one frame to the next that is nobody's; who turns a somersault does a third
of that."""
_SOON, _FORESHORTENED = 2, 0.4
"""Frames between two sightings, and part of the usual trunk, for which that holds."""
_TRUNK = (2, 5, 8, 11)
_SPEED = 3
"""Frames over which the speed of somebody who leaves is taken."""
_SECOND = 12
"""Frames before and after that a body is compared with."""


def person_heights(body: Floats) -> Floats:
    """Usual size of the person: [frames] smoothed distance scale, pixels; from the torso and head.

    The median over the clip stands where a frame has no torso.
    """
    shoulders = (body[:, 2] + body[:, 5]) / 2
    hips = (body[:, 8] + body[:, 11]) / 2
    # A standing person is about 3.2 times as tall as the line from neck to hips.
    height: Floats = 3.2 * np.linalg.norm(shoulders - hips, axis=-1)
    known = np.isfinite(height)
    usual = float(np.median(height[known])) if known.any() else 1.0
    height = np.where(known, height, usual)
    return np.maximum(height, 0.5 * usual)


def drop_mistakes(body: Floats, spread: Floats) -> Bools:
    """[frames, 18] joints that jump away for one or two frames while the estimator is unsure.

    `spread` [frames, 18] is how far the estimator's views disagree, pixels.
    """
    frames = len(body)
    wrong = np.zeros(body.shape[:2], dtype=bool)
    height = float(np.median(person_heights(body)))
    for length in (1, 2):
        for start in range(1, frames - length):
            stop = start + length
            before, after = body[start - 1], body[stop]
            line = (before + after) / 2
            inside = body[start:stop]
            away = np.linalg.norm(inside - line, axis=-1)
            moved = np.linalg.norm(after - before, axis=-1)
            unsure = spread[start:stop] > _UNSURE * height
            jump = (away > _JUMP * height) & (away > moved) & unsure
            jump &= moved < _CALM * height + 0.5 * away
            jump &= ~(wrong[start - 1] | wrong[stop])
            wrong[start:stop] |= jump.all(axis=0)
    return wrong


def collapsed(body: Floats) -> Bools:
    """[frames] on which the whole body is suddenly a fraction of its size: a box in front of the
    chest that was taken for somebody. Nobody shrinks like that against the second around."""
    low, high = body.min(axis=1), body.max(axis=1)
    extent = np.linalg.norm(high - low, axis=-1)
    part = np.ones(len(body))
    for frame in np.flatnonzero(np.isfinite(extent)):
        near = extent[max(0, frame - _SECOND) : frame + _SECOND + 1]
        part[frame] = extent[frame] / max(float(np.quantile(near[np.isfinite(near)], 0.75)), 1e-6)
    wrong = part < _COLLAPSED
    # On the way there and back the body is half taken for the other thing.
    for frames in (range(1, len(body)), range(len(body) - 2, -1, -1)):
        for frame in frames:
            beside = frame - 1 if frames.step > 0 else frame + 1
            wrong[frame] |= wrong[beside] and part[frame] < _COLLAPSING
    return wrong


def overturned(body: Floats) -> Bools:
    """[frames] on which the trunk has turned over from one frame to the next, until it turns back:
    half a body at the picture's edge that was taken for somebody upside down. Nobody turns that
    fast; the side of such a turn that lasts longer is the right one."""
    trunk = (body[:, [8, 11]] - body[:, [2, 5]]).mean(axis=1)
    length = np.linalg.norm(trunk, axis=-1)
    wrong = np.zeros(len(body), np.bool_)
    known = np.flatnonzero(np.isfinite(length))
    if known.size < 2:
        return wrong
    # Of a trunk that points at the camera the direction says little.
    least = _FORESHORTENED * float(np.median(length[known]))
    directions = trunk[known] @ np.array([1, 1j])
    turned = np.abs(np.angle(directions[1:] * directions[:-1].conj())) > _OVER
    turned &= np.minimum(length[known][1:], length[known][:-1]) > least
    turned &= np.diff(known) <= _SOON
    runs = np.split(known, np.flatnonzero(turned) + 1)
    for number, run in enumerate(runs):
        beside = max(len(other) for other in runs[max(0, number - 1) : number + 2])
        wrong[run] = 2 * len(run) <= beside
    return wrong


def fill_gaps(body: Floats, longest: int = LONGEST_GAP) -> tuple[Floats, States]:
    """Fill gaps of up to `longest` frames between known ones, and hold one frame at the ends.

    Returns the joints and their states: FOUND, CARRIED or ABSENT.
    """
    filled = body.copy()
    known = np.isfinite(body).all(axis=-1)
    state = np.where(known, JointState.FOUND, JointState.ABSENT).astype(np.uint8)
    for joint in range(body.shape[1]):
        seen = np.flatnonzero(known[:, joint])
        if not seen.size:
            continue
        for a, b in itertools.pairwise(seen):
            if 1 < b - a <= longest + 1:
                part = np.linspace(0, 1, b - a + 1)[1:-1, None]
                filled[a + 1 : b, joint] = (1 - part) * body[a, joint] + part * body[b, joint]
                state[a + 1 : b, joint] = JointState.CARRIED
        for edge, beside in ((seen[0], seen[0] - 1), (seen[-1], seen[-1] + 1)):
            if beside in (0, len(body) - 1):
                filled[beside, joint] = body[edge, joint]
                state[beside, joint] = JointState.CARRIED
    return filled, state


def gone_on(body: Floats, wrong: Bools) -> Bools:
    """[frames] at the clip's ends on which a body was read that was none (`wrong` [frames]), with
    those between: somebody is there still, as when he leaves the picture.

    `body` is changed: there the pose beside goes on the way the trunk moved.
    """
    going = np.zeros(len(body), np.bool_)
    for bodies, doubted, marks in ((body, wrong, going), (body[::-1], wrong[::-1], going[::-1])):
        whole = np.flatnonzero(np.isfinite(bodies).all(axis=(1, 2)))
        left = np.flatnonzero(doubted)
        if not whole.size or not left.size or left[-1] < whole[-1]:
            continue
        last, before = int(whole[-1]), max(0, int(whole[-1]) - _SPEED)
        before = before if np.isfinite(bodies[before]).all() else last
        way = bodies[last, _TRUNK].mean(axis=0) - bodies[before, _TRUNK].mean(axis=0)
        way /= max(1, last - before)
        for frame in range(last + 1, min(int(left[-1]), last + LONGEST_GAP) + 1):
            bodies[frame], marks[frame] = bodies[last] + (frame - last) * way, True
    return going


def smooth(body: Floats, spread: Floats) -> Floats:
    """Take out jitter and keep motion.

    Each joint is compared with a parabola through the frames around it (weighted by how sure the
    estimator was); what differs by less than the noise level is drawn to it, larger differences
    are motion and stay.
    """
    frames = len(body)
    if frames < 3:
        return body
    height = person_heights(body)
    result = body.copy()
    for frame in range(frames):
        low, high = max(0, frame - _HALF), min(frames, frame + _HALF + 1)
        times = np.arange(low, high) - frame
        noise = np.maximum(_JITTER * height[frame], 0.5 * spread[frame])
        for joint in range(body.shape[1]):
            points = body[low:high, joint]
            good = np.isfinite(points).all(axis=-1)
            if not np.isfinite(body[frame, joint]).all() or good.sum() < 4:
                continue
            sure = 1 / (spread[low:high, joint][good] + 0.01 * height[frame])
            curve = np.stack([np.ones(good.sum()), times[good], times[good] ** 2], axis=1)
            weighted = curve * sure[:, None]
            ridge = np.diag([0.0, 1e-6, 1e-6])
            middle = np.linalg.solve(weighted.T @ curve + ridge, weighted.T @ points[good])[0]
            off = float(np.linalg.norm(middle - body[frame, joint]))
            pull = float(np.exp(-((off / (2 * noise[joint])) ** 2)))
            result[frame, joint] += pull * (middle - body[frame, joint])
    return result


def inside(points: Floats, size: tuple[int, int]) -> Bools:
    """Whether points [..., 2] lie within a picture of `size` (width, height)."""
    with np.errstate(invalid="ignore"):
        low = (points >= -0.5).all(axis=-1)
        high = (points[..., 0] < size[0] - 0.5) & (points[..., 1] < size[1] - 0.5)
    within: Bools = low & high
    return within


def without_flicker(present: Bools, shortest: int = 3) -> Bools:
    """Close gaps and lengthen runs of fewer than `shortest` frames, so that nothing blinks."""
    steady = present.copy()
    frames = len(steady)
    if not steady.any():
        return steady
    for value in (False, True):
        for start, stop in _runs(steady, value):
            if stop - start >= shortest:
                continue
            if not value:
                if start > 0 and stop < frames:
                    steady[start:stop] = True
                continue
            need = shortest - (stop - start)
            before = min(need // 2 if stop < frames else need, start)
            after = min(need - before, frames - stop)
            before = min(need - after, start)
            steady[start - before : stop + after] = True
    # Lengthened runs may have come close to others.
    for start, stop in _runs(steady, False):
        if stop - start < shortest and start > 0 and stop < frames:
            steady[start:stop] = True
    return steady


def _runs(values: Bools, wanted: bool) -> list[tuple[int, int]]:
    """[start, stop) of each run of `wanted`."""
    marks = np.concatenate([[0], (values == wanted).astype(np.int8), [0]])
    change = np.diff(marks)
    starts, stops = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return [(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]
