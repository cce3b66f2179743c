"""A figure of capsules on a lit floor before a wall, filmed by a pinhole camera: its shadow is
projected in space, by a lamp far away, and so owes nothing to how shadows are found."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]

SIZE = (240, 180)
_FOCAL = 220.0
_EYE, _DOWN = np.array([0.0, 1.7, -4.2]), 0.18
_LIMBS = (
    ("hips", "neck", 0.15),
    ("neck", "head", 0.09),
    ("neck", "hand_l", 0.05),
    ("neck", "hand_r", 0.05),
    ("hips", "foot_l", 0.075),
    ("hips", "foot_r", 0.075),
)
_BALL = np.random.default_rng(1).normal(size=(60, 3))
_BALL /= np.linalg.norm(_BALL, axis=1, keepdims=True)


@dataclass(frozen=True)
class Lamp:
    """Where the light goes to (x right, y up, z away), how dark its shadows are, how soft."""

    towards: tuple[float, float, float] = (0.8, -1.0, -0.25)
    darkness: float = 0.45
    soft: float = 1.2
    wall: float = 4.0
    """Metres behind the middle at which a wall stands that bears the rest of a shadow."""


@dataclass(frozen=True)
class Shot:
    """What was filmed: frames, the actor's mattes, the shadow's share of the light, the set."""

    frames: list[Picture]
    mattes: list[Picture]
    shades: list[NDArray[np.float32]]
    plate: Picture


def project(points: Points) -> Points:
    """Pixels [n, 2] of points in metres [n, 3]."""
    turned = points - _EYE
    c, s = np.cos(_DOWN), np.sin(_DOWN)
    y, z = turned[:, 1] * c + turned[:, 2] * s, -turned[:, 1] * s + turned[:, 2] * c
    x = SIZE[0] / 2 + _FOCAL * turned[:, 0] / z
    return np.stack([x, SIZE[1] / 2 - _FOCAL * y / z], axis=1)


def pose(x: float, z: float, swing: float, lift: float) -> dict[str, Points]:
    """Joints of somebody at (x, z) whose legs are `swing` apart, and whose arms are raised."""
    at = {
        "hips": (0, 0.95, 0), "neck": (0, 1.5, 0), "head": (0, 1.68, 0),
        "hand_l": (-0.25 - 0.4 * lift, 0.9 + 0.8 * lift, 0), "hand_r": (0.3, 0.9 + 0.3 * lift, 0),
        "foot_l": (-0.1 - swing, 0.075, 0), "foot_r": (0.1 + swing, 0.075, 0.05),
    }  # fmt: skip
    return {name: np.array(p) + np.array([x, 0, z]) for name, p in at.items()}


def street() -> Picture:
    """The set: a wall with windows above a tiled floor, with grain that stays."""
    height, width = SIZE[1], SIZE[0]
    picture = np.full((height, width, 3), (186, 178, 170), np.uint8)
    edge = int(project(np.array([[0.0, 0.0, 4.0]]))[0, 1])
    for x in range(8, width, 40):
        cv2.rectangle(picture, (x, 8), (x + 20, edge // 2), (90, 105, 130), -1)
    picture[edge:] = (150, 152, 148)
    for x in np.arange(-8, 8, 0.8):
        ends = project(np.array([[x, 0, -2.2], [x, 0, 4.0]])).astype(int)
        cv2.line(picture, ends[0].tolist(), ends[1].tolist(), (126, 128, 126), 1, cv2.LINE_AA)
    grain = cv2.GaussianBlur(
        np.random.default_rng(4).normal(0, 9, picture.shape).astype(np.float32), (0, 0), 0.8
    )
    return np.asarray(np.clip(picture + grain, 0, 255), np.uint8)


def film(poses: list[dict[str, Points]], lamp: Lamp | None, noise: float = 1.0) -> Shot:
    """Each pose before the same set; without a lamp nobody casts a shadow."""
    plate = street()
    frames, mattes, shades = [], [], []
    for index, joints in enumerate(poses):
        matte = np.zeros(SIZE[::-1], np.uint8)
        shade = np.zeros(SIZE[::-1], np.uint8)
        for a, b, radius in _LIMBS:
            skin = np.concatenate([joints[a] + radius * _BALL, joints[b] + radius * _BALL])
            _hull(matte, project(skin))
            if lamp is not None:
                away = np.array(lamp.towards)
                ground = skin - away * (skin[:, 1:2] / away[1])
                fold = round(float(project(np.array([[0.0, 0.0, lamp.wall]]))[0, 1]))
                on_floor, on_wall = (np.zeros_like(shade) for _ in range(2))
                _hull(on_floor, project(ground))
                if ground[:, 2].max() > lamp.wall:
                    _hull(on_wall, project(skin + away * ((lamp.wall - skin[:, 2:]) / away[2])))
                shade[fold:] |= on_floor[fold:]
                shade[:fold] |= on_wall[:fold]
        dark = np.zeros(SIZE[::-1], np.float32)
        if lamp is not None:
            dark = cv2.GaussianBlur(shade.astype(np.float32) / 255, (0, 0), lamp.soft)
            dark *= lamp.darkness
        frame = plate * (1 - dark[..., None] * np.array([1.0, 0.97, 0.92]))
        cover = cv2.GaussianBlur(matte, (0, 0), 0.6).astype(np.float32)[..., None] / 255
        frame = frame * (1 - cover) + np.array([60.0, 70.0, 150.0]) * cover
        frame += np.random.default_rng(index).normal(0, noise, frame.shape)
        frames.append(np.asarray(np.clip(np.rint(frame), 0, 255), np.uint8))
        mattes.append(np.asarray(cv2.GaussianBlur(matte, (0, 0), 0.6), np.uint8))
        shades.append(dark)
    return Shot(frames, mattes, shades, plate)


def walk(
    count: int, start: float = -1.1, step: float = 0.16, z: float = 0.0
) -> list[dict[str, Points]]:
    """Somebody who walks to the right and waves."""
    return [
        pose(start + step * i, z, 0.16 * np.sin(0.9 * i), 0.5 + 0.5 * np.sin(0.5 * i))
        for i in range(count)
    ]


def _hull(mask: Picture, points: Points) -> None:
    hull = cv2.convexHull(np.rint(points * 8).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 255, cv2.LINE_AA, shift=3)
