"""Mattes from SAM 2, pointed at the actor by the joints; each frame on its own.

Pictures are prepared here and not by transformers' own processor, which needs torchvision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.estimators.base import Matte
from mf_backend.actor.masks.estimators.framing import Box, actor_box, placed, square_input
from mf_backend.actor.masks.estimators.model_files import require_model, unreadable_model
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.skeleton.joints import JOINT_INDEX
from mf_backend.weights.catalog import SAM2

Floats = NDArray[np.float64]

_POINTED_AT = tuple(
    JOINT_INDEX[name]
    for name in (
        "nose", "neck", "right_shoulder", "left_shoulder", "right_elbow", "left_elbow",
        "right_hip", "left_hip", "right_knee", "left_knee",
    )
)  # fmt: skip
"""Joints well inside the body; wrists and ankles lie too near its edge."""
_MARGIN = 0.08
"""Room around the joints for the box prompt, in parts of their extent: joints end before skin."""
_MOST_ABSENT = 0.1
"""Share of the tensors that may be absent: transformers would fill any number with random ones."""


def prompts(joints: NDArray[Any], size: tuple[int, int]) -> tuple[Floats, Floats] | None:
    """Points [n, 2] on the actor and the box [4] around them, in the frame's pixels.

    `joints` [60, 2]; None where none of the joints that are pointed at is in the picture.
    """
    known = np.asarray(joints, np.float64)
    last = np.array(size) - 1
    points = known[list(_POINTED_AT)]
    inside = np.isfinite(points).all(axis=-1) & ((points >= 0) & (points <= last)).all(axis=-1)
    if not inside.any():
        return None
    everything = known[np.isfinite(known).all(axis=-1)]
    margin = _MARGIN * max(float(np.ptp(everything, axis=0).max()), 16.0)
    low = np.clip(everything.min(axis=0) - margin, 0, last)
    high = np.clip(everything.max(axis=0) + margin, 0, last)
    return points[inside], np.concatenate([low, high])


def in_square(points: Floats, box: Box, side: int) -> Floats:
    """Points [n, 2] of the frame in the network's picture of the box."""
    x0, y0, x1, y1 = box
    scale = side / np.array([x1 - x0, y1 - y0])
    moved: Floats = (points - (x0, y0) + 0.5) * scale - 0.5
    return moved


class SegmentAnything2:
    """SAM 2 from a local folder, in transformers' format."""

    name = "sam2"
    label = "SAM 2.1, small"

    def require(self) -> None:
        """See MaskEstimator."""
        require_model(SAM2)

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int], device: str = "auto"
    ) -> Iterator[tuple[int, Matte]]:
        """See MaskEstimator; empty where no joint says where the actor is."""
        network = _Network(device)
        known = np.asarray(joints)
        for index in frames:
            asked = prompts(known[index], clip.size)
            if asked is None:
                yield index, np.zeros((clip.size[1], clip.size[0]), np.uint8)
                continue
            box, _ = actor_box(known[index : index + 1], clip.size)
            logits = network.logits(clip.read(index), box, *asked)
            yield index, placed(logits, box, clip.size)


class _Network:
    """transformers' Sam2Model, loaded, in float32."""

    def __init__(self, device: str) -> None:
        folder = require_model(SAM2)
        from safetensors import SafetensorError
        from transformers import Sam2Model

        from mf_backend.contracts.machine.devices import choose_device

        self._device = choose_device(device).device
        try:
            model, loaded = Sam2Model.from_pretrained(
                str(folder), local_files_only=True, output_loading_info=True
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise unreadable_model(SAM2, error) from error
        absent = len(loaded["missing_keys"]) / len(model.state_dict())
        if absent > _MOST_ABSENT:
            reason = f"{absent:.0%} of a SAM 2's tensors are not in it"
            raise unreadable_model(SAM2, ValueError(reason))
        self._model = model.eval().to(self._device)
        side = model.config.prompt_encoder_config.image_size
        self._side = int(side if isinstance(side, int) else side[0])

    def logits(
        self, picture: Picture, box: Box, points: Floats, around: Floats
    ) -> NDArray[np.float32]:
        """Logits [h, w] of the box, pointed at `points` [n, 2] inside the box `around` [4]."""
        import torch

        at = in_square(points, box, self._side)
        corners = in_square(around.reshape(2, 2), box, self._side).reshape(4)

        def tensor(values: NDArray[Any]) -> torch.Tensor:
            return torch.from_numpy(np.asarray(values, np.float32)).to(self._device)

        with torch.inference_mode():
            answer = self._model(
                pixel_values=tensor(square_input(picture, box, self._side)),
                input_points=tensor(at)[None, None],
                input_labels=torch.ones((1, 1, len(at)), dtype=torch.int64, device=self._device),
                input_boxes=tensor(corners)[None, None],
                multimask_output=False,
            )
        logits: NDArray[np.float32] = answer.pred_masks[0, 0, 0].float().cpu().numpy()
        return logits
