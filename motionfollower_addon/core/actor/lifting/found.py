"""What is known of an actor in the picture, and the cameras that saw him."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import JointState

from .body import JOINT_OF
from .camera_rows import Views

Array = NDArray[np.float64]

_SURE = (JointState.FOUND, JointState.GIVEN, JointState.MENDED)


@dataclass(frozen=True)
class Sighting:
    """An actor over `n` frames of a clip."""

    joints: Array
    """[n, 60, 2] pixels, NaN absent."""
    states: NDArray[np.uint8]
    """[n, 60] a JointState each."""
    views: Views
    """The camera on each frame, for the clip's own pixels."""
    fps: float
    """Frames a second of the clip."""
    world: Array | None = None
    """[n, 60, 3] metres, x right, y down, z away from the camera, as the estimator guessed them
    about the middle of the hips; NaN unknown."""

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.joints)

    @property
    def body(self) -> Array:
        """[n, 17, 2] pixels of the body's points after the inner ones, in their order."""
        return self.joints[:, list(JOINT_OF)]

    @property
    def spread(self) -> Array:
        """[n, 60] pixels that each joint may be off; infinite where it is absent."""
        known = np.isfinite(self.joints).all(axis=-1)
        loose = np.select(
            [np.isin(self.states, _SURE), self.states == JointState.POSED], [SURE, 4.0], 2.0
        )
        return np.where(known, loose, np.inf)


SURE = 0.12
"""Pixels that a joint that was found may be off its ray."""
