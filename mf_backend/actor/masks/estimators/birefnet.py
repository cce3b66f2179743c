"""Mattes from BiRefNet-portrait, as an ONNX file run with onnxruntime; each frame on its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.estimators.base import Matte
from mf_backend.actor.masks.estimators.framing import actor_box, placed, square_input
from mf_backend.actor.masks.estimators.model_files import (
    require_model,
    session_options,
    unreadable_model,
)
from mf_backend.contracts.frames import FrameSource
from mf_backend.weights.catalog import BIREFNET

_SIDE = 1024
"""Side that the network was trained at; used where the file leaves its input's size open."""


class BiRefNetPortrait:
    """BiRefNet-portrait on the box around the actor."""

    name = "birefnet"
    label = "BiRefNet-portrait"

    def require(self) -> None:
        """See MaskEstimator."""
        require_model(BIREFNET)

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int], device: str = "auto"
    ) -> Iterator[tuple[int, Matte]]:
        """See MaskEstimator; looks at the whole picture where no joint is known."""
        session = _open_session(device)
        given = session.get_inputs()[0]
        side = given.shape[-1] if isinstance(given.shape[-1], int) else _SIDE
        known = np.asarray(joints)
        for index in frames:
            box, _ = actor_box(known[index : index + 1], clip.size)
            square = square_input(clip.read(index), box, side)
            logits = session.run(None, {given.name: square})[0]
            yield index, placed(logits[0, 0], box, clip.size)


def _open_session(device: str) -> Any:
    """The network in onnxruntime: one input [1, 3, side, side], one output of logits
    [1, 1, side, side]."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    file = require_model(BIREFNET)
    cuda = "CUDAExecutionProvider"
    use_cuda = device != "cpu" and cuda in onnxruntime.get_available_providers()
    providers = [cuda] if use_cuda else []
    try:
        return onnxruntime.InferenceSession(
            str(file), session_options(), providers=[*providers, "CPUExecutionProvider"]
        )
    except (errors.InvalidProtobuf, errors.Fail, errors.InvalidGraph) as error:
        raise unreadable_model(BIREFNET, error) from error
