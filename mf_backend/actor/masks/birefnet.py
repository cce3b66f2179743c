"""Mattes from BiRefNet-portrait, as an ONNX file run with onnxruntime; each frame on its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.estimators import Matte, actor_box, require_model, unreadable_model
from mf_backend.actor.masks.framing import placed, square_input
from mf_backend.contracts.frames import FrameSource
from mf_backend.weights.catalog import BIREFNET

_SIDE = 1024
"""Side that the network was trained at; used where the file leaves its input's size open."""


class BiRefNetPortrait:
    """BiRefNet-portrait on the box around the actor. One input [1, 3, side, side], one output of
    logits [1, 1, side, side]."""

    name = "birefnet"

    def __init__(self, device: str = "auto") -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as errors

        file = require_model(BIREFNET)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
        options.log_severity_level = 3
        cuda = "CUDAExecutionProvider"
        use_cuda = device != "cpu" and cuda in onnxruntime.get_available_providers()
        providers = [cuda] if use_cuda else []
        try:
            self._session = onnxruntime.InferenceSession(
                str(file), options, providers=[*providers, "CPUExecutionProvider"]
            )
        except (errors.InvalidProtobuf, errors.Fail, errors.InvalidGraph) as error:
            raise unreadable_model(BIREFNET, error) from error
        self._input = self._session.get_inputs()[0]
        side = self._input.shape[-1]
        self._side = side if isinstance(side, int) else _SIDE

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int]
    ) -> Iterator[tuple[int, Matte]]:
        """See MatteEstimator; looks at the whole picture where no joint is known."""
        known = np.asarray(joints)
        for index in frames:
            box, _ = actor_box(known[index : index + 1], clip.size)
            given = square_input(clip.read(index), box, self._side)
            logits = self._session.run(None, {self._input.name: given})[0]
            yield index, placed(logits[0, 0], box, clip.size)
