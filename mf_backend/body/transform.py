"""Where each pixel of the target pose comes from: one affine a bone, bending softly at joints."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.layers import BONE, Bone, Layer, bone_distance
from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.whole_skeleton import HEAD, MID_HIP, Points

Floats = NDArray[np.float32]

_WIDEST_LIMB = 1.6
"""Limbs are shown to this many times the actor's half width: sleeves yes, what a sharply bent
source limb drags along no."""
_WIDEST_TRUNK = 4.0
_WIDEST_HAND = 5.0
"""What a hand holds goes with it."""
_HEAD_POINTS = (0, 14, 15, 16, 17)


def bone_affine(bone: Bone, target: Points, source: Points, size: float) -> Points:
    """Affine [2, 3] from the target picture to the source picture for one bone.

    `size` is source pixels for one target pixel (the person's size in both).
    """
    if bone.name == "head":
        return _head_affine(target, source, size)
    if bone.name in ("hips", "shoulders"):
        return _trunk_affine(bone.name, target, source, size)
    return _limb_affine(bone, target, source, size)


def _limb_affine(bone: Bone, target: Points, source: Points, size: float) -> Points:
    """Turned with the limb, stretched along it, as wide as the person is."""
    t, s = target[bone.b] - target[bone.a], source[bone.b] - source[bone.a]
    lt, ls = float(np.linalg.norm(t)), float(np.linalg.norm(s))
    ut = t / lt if lt > 1e-3 else np.array([0.0, 1.0])
    us = s / ls if ls > 1e-3 else np.array([0.0, 1.0])
    # A limb that points at the camera has next to no length; do not stretch it without end.
    stretch = np.clip(ls / max(lt, 1e-3), 0.35 * size, 2.5 * size)
    normal = np.array([[-ut[1], ut[0]], [-us[1], us[0]]])
    turn = stretch * np.outer(us, ut) + size * np.outer(normal[1], normal[0])
    return np.column_stack([turn, source[bone.a] - turn @ target[bone.a]])


def _trunk_basis(name: str, points: Points, unit: float) -> tuple[Points, Points]:
    """Origin and basis [2, 2] (columns: half the shoulder or hip line, down the trunk)."""
    right, left, origin = (2, 5, 1) if name == "shoulders" else (8, 11, MID_HIP)
    down = points[MID_HIP] - points[1]
    length = float(np.linalg.norm(down))
    down = down / length if length > 1e-3 else np.array([0.0, 1.0])
    length = max(length, 0.4 * unit)
    line = (points[left] - points[right]) / 2
    normal = np.array([down[1], -down[0]])
    across = float(line @ normal)
    narrowest = (0.12 if name == "shoulders" else 0.08) * unit
    across = np.copysign(max(abs(across), narrowest), across if across != 0 else 1.0)
    shear = float(np.clip(line @ down, -0.5 * abs(across), 0.5 * abs(across)))
    return points[origin], np.column_stack([normal * across + down * shear, down * length])


def _trunk_affine(name: str, target: Points, source: Points, size: float) -> Points:
    unit_t = max(float(np.linalg.norm(target[MID_HIP] - target[1])), 1.0)
    origin_t, basis_t = _trunk_basis(name, target, unit_t)
    origin_s, basis_s = _trunk_basis(name, source, unit_t * size)
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


def bone_weights(
    layer: Layer, points: Points, widths: BodyWidths, x: Floats, y: Floats
) -> list[Floats]:
    """How much each bone of a layer moves the pixels at x, y; they sum to 1. float32."""
    if layer.name == "trunk":
        return trunk_weights(points, widths, x, y)
    weights: list[Floats] = [np.ones_like(x)]
    bones = [BONE[name] for name in layer.bones]
    for before, after in itertools.pairwise(bones):
        joint = points[after.a]
        u, v = (points[b.b] - points[b.a] for b in (before, after))
        u = u / max(float(np.linalg.norm(u)), 1e-6)
        v = v / max(float(np.linalg.norm(v)), 1e-6)
        normal = u + v
        if np.linalg.norm(normal) < 0.15:
            normal = v + 0.2 * np.array([-v[1], v[0]])
        length = float(np.linalg.norm(normal))
        normal = normal / length if length > 1e-6 else np.array([0.0, 1.0])
        radius = max(2.0, 1.3 * float(widths.at(after.limb, np.array([0.1]))[0]))
        if before.name == "hips":
            radius *= 1.4
        side = (x - joint[0]) * normal[0] + (y - joint[1]) * normal[1]
        share = _smooth((side / (2 * radius) + 0.5).astype(np.float32))
        weights.append(weights[-1] * share)
        weights[-2] = weights[-2] * (1 - share)
    return weights


def trunk_weights(points: Points, widths: BodyWidths, x: Floats, y: Floats) -> list[Floats]:
    """Weights of hips, shoulders and head at the pixels x, y; they sum to 1."""
    down = points[MID_HIP] - points[1]
    length = max(float(np.linalg.norm(down)), 0.3 * widths.unit)
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    t = ((x - points[1, 0]) * down[0] + (y - points[1, 1]) * down[1]) / length
    hips = _smooth((t - 0.15) / 0.8)
    up = points[HEAD] - points[1]
    reach = max(float(np.linalg.norm(up)), 1e-6)
    start = points[1] + 0.35 * up
    normal = up / reach - down
    normal = normal / max(float(np.linalg.norm(normal)), 1e-6)
    radius = 0.16 * widths.unit
    side = (x - start[0]) * normal[0] + (y - start[1]) * normal[1]
    # Long hair lies over the shoulders: away from the neck the head lets go of it gradually.
    head = _smooth((side / (2 * radius) + 0.5).astype(np.float32))
    return [hips * (1 - head), (1 - hips) * (1 - head), head]


def _widest(layer: Layer, name: str) -> float:
    if "hips" in layer.bones:
        return _WIDEST_TRUNK
    return _WIDEST_HAND if BONE[name].limb == "hand" else _WIDEST_LIMB


def source_map(
    layer: Layer,
    target: Points,
    source: Points,
    widths: BodyWidths,
    size: float,
    box: Sequence[int],
    step: int,
) -> tuple[Floats, list[Floats], Floats]:
    """Source coordinates float32 [h, w, 2] for the target's pixels in `box` (x0, y0, x1, y1), the
    bones' weights [h, w], and how far [h, w] a pixel may be shown (1 near the bones, 0 far off).
    Computed on every `step`-th pixel and interpolated."""
    import cv2

    x0, y0, x1, y1 = box
    columns, rows = (max(1, -(-n // step)) for n in (x1 - x0, y1 - y0))
    xs = ((np.arange(-1, columns + 1) + 0.5) * step - 0.5 + x0).astype(np.float32)
    ys = ((np.arange(-1, rows + 1) + 0.5) * step - 0.5 + y0).astype(np.float32)
    x, y = np.meshgrid(xs, ys)
    weights = bone_weights(layer, target, widths, x, y)
    places = np.zeros((*x.shape, 2), np.float32)
    for weight, name in zip(weights, layer.bones, strict=True):
        m = bone_affine(BONE[name], target, source, size).astype(np.float32)
        places[..., 0] += weight * (m[0, 0] * x + m[0, 1] * y + m[0, 2])
        places[..., 1] += weight * (m[1, 0] * x + m[1, 1] * y + m[1, 2])

    shown = np.zeros_like(x)
    for name in layer.bones:
        room = _widest(layer, name) - bone_distance(target, BONE[name], widths, x, y)
        shown = np.maximum(shown, np.clip(room / 0.3, 0, 1))

    def enlarge(values: Floats) -> Floats:
        full = cv2.resize(
            values, ((columns + 2) * step, (rows + 2) * step), interpolation=cv2.INTER_LINEAR
        )
        return np.ascontiguousarray(full[step : step + y1 - y0, step : step + x1 - x0])

    return enlarge(places), [enlarge(w) for w in weights], enlarge(shown)
