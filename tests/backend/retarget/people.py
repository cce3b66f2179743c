"""People in metres before a camera: poses that an alignment must not be fooled by."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

SIZE = (512, 512)
FRAMES = 24
LEFT_OF = {2: 5, 3: 6, 4: 7, 8: 11, 9: 12, 10: 13, 14: 15, 16: 17}


@dataclass(frozen=True)
class Build:
    """Lengths in metres."""

    trunk: float = 0.5
    shoulder: float = 0.18
    arm: float = 0.28
    forearm: float = 0.25
    hip: float = 0.1
    leg: float = 0.44
    shin: float = 0.42

    def grown(self, factor: float) -> Build:
        """The same build, larger."""
        return Build(**{name: value * factor for name, value in self.__dict__.items()})


def standing(build: Build, depth: Points, turn: float = 0.0, raised: float = 0.0) -> Points:
    """[frames, 60, 3] metres, x right, y down, z away, the ground at y 0 under the body.

    `depth` [frames] 0..1 says how far the knees bend towards where the body looks; it turns by
    `turn` radians from the camera; `raised` is how high the arms are, 0 down to 1 sideways.
    """
    frames = len(depth)
    joints = np.full((frames, 60, 3), np.nan)
    height = (build.leg + build.shin) * (1 - 0.55 * depth)
    # Knees go forward as far as the legs' lengths ask for.
    low = height * build.shin / (build.leg + build.shin)
    ahead = np.sqrt(np.maximum(build.shin**2 - low**2, 0))
    for right, left in LEFT_OF.items():
        for joint, side in ((right, -1.0), (left, 1.0)):
            joints[:, joint] = _place(build, right, side, height, low, ahead, raised)
    joints[:, 1] = (joints[:, 2] + joints[:, 5]) / 2
    joints[:, 0] = joints[:, 1] + (0, -0.2, -0.1)
    turned = np.array(
        [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    )
    return joints @ turned.T


def _place(
    build: Build,
    joint: int,
    side: float,
    height: Points,
    low: Points,
    ahead: Points,
    raised: float,
) -> Points:
    frames = len(height)
    zero = np.zeros(frames)
    angle = raised * np.pi / 2
    out, down = np.sin(angle), np.cos(angle)
    top = -height - build.trunk
    arm, whole = build.arm, build.arm + build.forearm
    places = {
        2: (build.shoulder * side + zero, top, zero),
        3: (build.shoulder * side + side * arm * out + zero, top + arm * down, zero),
        4: (build.shoulder * side + side * whole * out + zero, top + whole * down, zero),
        8: (build.hip * side + zero, -height, zero),
        9: (build.hip * side + zero, -low, -ahead),
        10: (build.hip * side + zero, zero, zero),
        14: (0.03 * side + zero, top - 0.25, zero - 0.08),
        16: (0.07 * side + zero, top - 0.22, zero),
    }
    return np.stack(places[joint], axis=-1)


@dataclass(frozen=True)
class Seen:
    """A body through a camera."""

    joints: Points
    """[frames, 60, 2] pixels."""
    positions: Points
    """[frames, 60, 3] metres from the camera."""

    def world(self, random: np.random.Generator, noise: float = 0.015) -> Points:
        """What an estimator says of it: about the hips, joints too far or near as MediaPipe has
        them, with errors of `noise` metres that stay for the whole clip and half of that from frame
        to frame."""
        about = self.positions - self.positions[:, [8, 11]].mean(1, keepdims=True)
        for joints, further in (([10, 13], 0.05), ([3, 6], -0.045), ([4, 7], -0.02)):
            about[:, joints, 2] += further
        steady = random.normal(0, noise, (1, 60, 3))
        return about + steady + random.normal(0, noise / 2, about.shape)

    def noisy(self, random: np.random.Generator, pixels: float = 1.5) -> Seen:
        """With errors of an estimator's joints."""
        return replace(self, joints=self.joints + random.normal(0, pixels, self.joints.shape))


def filmed(
    body: Points, focal: float = 700.0, away: float = 3.2, beside: float = 0.0, eye: float = 1.1
) -> Seen:
    """The body through a camera `eye` metres over the ground and `away` from it."""
    positions = body + np.array([beside, eye, away])
    joints = focal * positions[..., :2] / positions[..., 2:] + np.array(SIZE) / 2 - 0.5
    return Seen(joints, positions)
