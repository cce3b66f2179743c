"""Where the pixels of the trunk and the head come from: one affine a bone, blended softly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.whole_skeleton import HEAD, MID_HIP, Points

Floats = NDArray[np.float32]

_DEPTH = {"shoulders": 0.17, "hips": 0.15}
"""Half of how deep the body is, in torso lengths."""
_ASIDE = 0.1
"""Half the line of shoulders or hips, in torso lengths, below which a body is seen from aside."""
_BOWED = (0.15, 0.3)
"""Torso lengths by which the head's centre lies above the neck: from the second down to the first
the body lets go of the head, which is seen in front of it."""
_HEAD_POINTS = (0, 14, 15, 16, 17)


def trunk_affine(name: str, target: Points, source: Points, size: float) -> Points:
    """Affine [2, 3] from the target picture to the source picture for head, shoulders or hips.

    `size` is source pixels for one target pixel (the person's size in both).
    """
    if name == "head":
        return _head_affine(target, source, size)
    return _torso_affine(name, target, source, size)


def _trunk_basis(name: str, points: Points, unit: float) -> tuple[Points, Points, float]:
    """Origin, basis [2, 2] (columns: half the shoulder or hip line, down the trunk), and half the
    width of that line in torso lengths."""
    right, left, origin = (2, 5, 1) if name == "shoulders" else (8, 11, MID_HIP)
    down = points[MID_HIP] - points[1]
    length = float(np.linalg.norm(down))
    down = down / length if length > 1e-3 else np.array([0.0, 1.0])
    length = max(length, 0.4 * unit)
    line = (points[left] - points[right]) / 2
    normal = np.array([down[1], -down[0]])
    across = float(line @ normal)
    # A body turned aside narrows like an ellipse: it is never thinner than it is deep.
    round_it = np.copysign(np.hypot(across, _DEPTH[name] * unit), across if across != 0 else 1.0)
    shear = float(np.clip(line @ down, -0.5 * abs(round_it), 0.5 * abs(round_it)))
    basis = np.column_stack([normal * round_it + down * shear, down * length])
    return points[origin], basis, abs(across) / unit


def _torso_affine(name: str, target: Points, source: Points, size: float) -> Points:
    unit_t = max(float(np.linalg.norm(target[MID_HIP] - target[1])), 1.0)
    origin_t, basis_t, across_t = _trunk_basis(name, target, unit_t)
    origin_s, basis_s, across_s = _trunk_basis(name, source, unit_t * size)
    opposite = np.linalg.det(basis_t) * np.linalg.det(basis_s) < 0
    if opposite and min(across_t, across_s) < _ASIDE:
        # Seen from the side, left and right of the body say nothing.
        basis_s[:, 0] *= -1
    for k, (least, most) in enumerate(((0.65, 1.5), (0.6, 1.6))):
        ratio = np.linalg.norm(basis_s[:, k]) / np.linalg.norm(basis_t[:, k]) / size
        basis_s[:, k] *= np.clip(ratio, least, most) / ratio
    turn = basis_s @ np.linalg.inv(basis_t)
    return np.column_stack([turn, origin_s - turn @ origin_t])


def _head_affine(target: Points, source: Points, size: float) -> Points:
    """Similarity by the face's points and the neck; its size stays near the person's."""
    points = (*_HEAD_POINTS, 1)
    p, q = target[list(points)], source[list(points)]
    weights = np.array([1.0, 1, 1, 1, 1, 0.5])
    p0, q0 = (np.average(v[:-1], axis=0, weights=weights[:-1]) for v in (p, q))
    zp, zq = (p - p0) @ (1, 1j), (q - q0) @ (1, 1j)
    c = (weights * zq * zp.conj()).sum() / max(float((weights * np.abs(zp) ** 2).sum()), 1e-6)
    c = c / max(abs(c), 1e-6) * np.clip(abs(c), 0.85 * size, 1.18 * size)
    turn = np.array([[c.real, -c.imag], [c.imag, c.real]])
    return np.column_stack([turn, q0 - turn @ p0])


def _smooth(t: Floats) -> Floats:
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def trunk_weights(points: Points, widths: BodyWidths, x: Floats, y: Floats) -> list[Floats]:
    """Weights of hips, shoulders and head at the pixels x, y of the trunk; they sum to 1."""
    down = points[MID_HIP] - points[1]
    length = max(float(np.linalg.norm(down)), 0.3 * widths.unit)
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    t = ((x - points[1, 0]) * down[0] + (y - points[1, 1]) * down[1]) / length
    hips = _smooth((t - 0.15) / 0.8)
    up = points[HEAD] - points[1]
    # A head that is bowed before the chest turns no part of the chest with it.
    up = up - down * max(0.0, _BOWED[1] * widths.unit + float(up @ down))
    reach = max(float(np.linalg.norm(up)), 1e-6)
    start = points[1] + 0.35 * up
    normal = up / reach - down
    normal = normal / max(float(np.linalg.norm(normal)), 1e-6)
    radius = 0.16 * widths.unit
    side = (x - start[0]) * normal[0] + (y - start[1]) * normal[1]
    # Long hair lies over the shoulders: away from the neck the head lets go of it gradually.
    head = _smooth((side / (2 * radius) + 0.5).astype(np.float32))
    return [hips * (1 - head), (1 - hips) * (1 - head), head]


def head_weights(points: Points, widths: BodyWidths, x: Floats, y: Floats) -> list[Floats]:
    """The same at pixels of the head, which is one piece wherever it is bowed to."""
    hips, shoulders, head = trunk_weights(points, widths, x, y)
    down = points[MID_HIP] - points[1]
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    above = float((points[1] - points[HEAD]) @ down) / widths.unit
    bowed = np.float32(np.interp(above, _BOWED, (1, 0)))
    if bowed == 0:
        return [hips, shoulders, head]
    radius = float(np.median(widths.head))
    away = np.hypot(x - np.float32(points[HEAD, 0]), y - np.float32(points[HEAD, 1])) / radius
    head_there = np.maximum(head, bowed * _smooth((1.8 - away).astype(np.float32)))
    rest = (1 - head_there) / np.maximum(1 - head, 1e-6)
    return [hips * rest, shoulders * rest, head_there]
