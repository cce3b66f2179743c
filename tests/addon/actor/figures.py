"""A figure whose bones and motion are known, as a camera and an estimator would see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import JointState
from motionfollower_addon.core.actor.lifting.body import INNER, JOINT_OF, LINKS, POINT, POINTS
from motionfollower_addon.core.actor.lifting.camera_rows import Views, views
from motionfollower_addon.core.actor.lifting.found import Sighting
from motionfollower_addon.core.rig.joints.projection import Camera, pixel_rows

Array = NDArray[np.float64]

SIZE = (512, 512)
FPS = 25.0
_REST = {
    "waist": (0, 0, 1), "chest": (0, 0, 1), "head": (0, -0.15, 1), "nose": (0, -1, -0.3),
    "hip": (0.85, 0, -0.5), "knee": (0, -0.05, -1), "ankle": (0, 0.05, -1),
    "shoulder": (0.94, 0, 0.33), "elbow": (0.6, 0.05, -1), "wrist": (0.4, -0.4, -1),
    "eye": (0.33, -1, 0.3), "ear": (1, 0, 0),
}  # fmt: skip
_SWINGS = {"elbow": 0.7, "wrist": 0.9, "chest": 0.12, "head": 0.15}


def moving_figure(count: int, seed: int = 0, turn: float = 0.5) -> Array:
    """A person who turns and waves on standing feet, [count, points, 3]; z up, looks along -y."""
    random = np.random.default_rng(seed)
    time = np.arange(count) / FPS
    points = np.zeros((count, len(POINTS), 3))
    sway = 0.05 * np.sin(2 * np.pi * 0.4 * time)
    points[:, 0] = np.stack([sway, 0.5 * sway, 0.93 + 0.2 * sway], axis=1)
    around = turn * np.sin(2 * np.pi * 0.25 * time + random.uniform(0, 6))
    for link in LINKS:
        name = POINTS[link.end]
        part = name.rpartition("_")[2]
        way = np.array(_REST[part], float)
        if name.startswith("right"):
            way[0] = -way[0]
        ways = np.broadcast_to(way / np.linalg.norm(way), (count, 3))
        size = _SWINGS.get(part, 0.0)
        for axis in range(3):
            angle = size * np.sin(
                2 * np.pi * random.uniform(0.3, 0.9) * time + random.uniform(0, 6)
            )
            ways = _turned(ways, axis, angle)
        if part not in ("knee", "ankle"):
            ways = _turned(ways, 2, around)
        points[:, link.end] = points[:, link.start] + link.length * ways
    for side in ("right", "left"):
        _stand(points, side)
    return points


def _turned(ways: Array, axis: int, angle: Array) -> Array:
    """Ways [n, 3] turned about an axis by `angle` [n]."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    result = ways.copy()
    result[:, i] = np.cos(angle) * ways[:, i] - np.sin(angle) * ways[:, j]
    result[:, j] = np.sin(angle) * ways[:, i] + np.cos(angle) * ways[:, j]
    return result


def _stand(points: Array, side: str) -> None:
    """Bend a leg so that its ankle stays where it is on average, on the ground."""
    hip, knee, ankle = (POINT[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    foot = points[:, ankle].mean(axis=0)
    foot[2] = 0.12
    thigh, shin = 0.42, 0.41
    way = foot - points[:, hip]
    long = np.linalg.norm(way, axis=-1, keepdims=True)
    assert (long < thigh + shin).all()
    along = (long**2 + thigh**2 - shin**2) / (2 * long)
    unit = way / long
    ahead = np.array([0.0, -1.0, 0.0]) - (unit @ np.array([0.0, -1.0, 0.0]))[:, None] * unit
    ahead = ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)
    points[:, knee] = points[:, hip] + along * unit + np.sqrt(thigh**2 - along**2) * ahead
    points[:, ankle] = foot


def still_views(count: int, moves: float = 0.0, high: float = 1.1) -> Views:
    """A camera four metres in front of the figure, that goes `moves` metres to the side."""
    rows = []
    for t in np.linspace(0, 1, count):
        turn = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
        angle = -moves * t / 4
        spin = np.array(
            [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]]
        )
        matrix = np.eye(4)
        matrix[:3, :3] = turn @ spin
        matrix[:3, 3] = -matrix[:3, :3] @ np.array([moves * t, -4.0, high])
        rows.append(pixel_rows(Camera(matrix, focal_length=55.0), SIZE))
    return views(np.stack(rows))


def sighting(
    points: Array, seen_by: Views, noise: float = 0.0, depth: bool = True, seed: int = 1
) -> Sighting:
    """What an estimator would say: pixels off by `noise`, depth off by 25 times as many mm."""
    random = np.random.default_rng(seed)
    count = len(points)
    joints = np.full((count, 60, 2), np.nan)
    body = points[:, len(INNER) :]
    joints[:, list(JOINT_OF)] = seen_by.pixels(body) + random.normal(0, noise, (*body.shape[:2], 2))
    joints[:, 1] = (joints[:, 2] + joints[:, 5]) / 2
    states = np.where(np.isfinite(joints).all(axis=-1), JointState.FOUND, JointState.ABSENT)
    world = None
    if depth:
        axes = np.stack([seen_by.across, seen_by.down, seen_by.ahead], axis=1)
        middle = points[:, [POINT["right_hip"], POINT["left_hip"]]].mean(axis=1, keepdims=True)
        world = np.full((count, 60, 3), np.nan)
        local = np.einsum("nmk,njk->nmj", body - middle, axes)
        world[:, list(JOINT_OF)] = 0.93 * local + random.normal(0, 0.025 * noise, local.shape)
    return Sighting(joints, states.astype(np.uint8), seen_by, FPS, world)


def aligned_error(found: Array, truth: Array) -> float:
    """Mean distance [.., m, 3] in metres once each frame is moved, turned and scaled onto truth."""
    errors = []
    for a, b in zip(found, truth, strict=True):
        a0, b0 = a - a.mean(axis=0), b - b.mean(axis=0)
        u, s, v = np.linalg.svd(a0.T @ b0)
        flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
        scale = (s * np.diag(flip)).sum() / (a0 * a0).sum()
        errors.append(np.linalg.norm(scale * a0 @ u @ flip @ v - b0, axis=-1).mean())
    return float(np.mean(errors))
