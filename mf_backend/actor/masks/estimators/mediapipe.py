"""Mattes from the segmentation that comes with MediaPipe Pose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints.pose_models import best_model, package_folder
from mf_backend.actor.joints.pose_views import segment
from mf_backend.actor.masks.estimators.base import Matte
from mf_backend.contracts.frames import FrameSource


class MediapipeSegmentation:
    """Coarser than a matting network; each frame on its own."""

    name = "mediapipe"
    label = "MediaPipe Pose's segmentation"

    def require(self) -> None:
        """See MaskEstimator."""
        package_folder()

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int], device: str = "auto"
    ) -> Iterator[tuple[int, Matte]]:
        """See MaskEstimator; on the CPU in any case, and empty where it finds nobody."""
        yield from segment(clip, np.asarray(joints), frames, best_model())
