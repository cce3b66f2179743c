"""The pictures of a stored actor's masks with the layers that a person drew over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.drawn_layers import FrameMasks, with_layers
from mf_backend.actor.mends.mask_file import read_layers, read_picture
from mf_backend.actor.mends.mask_layers import MaskLayer
from mf_backend.clip.writer import png_bytes
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_value

Mask = NDArray[np.uint8]

KINDS = ("masks", "alpha", "held", "front")
"""The store's pictures of a frame that layers change, in the order of FrameMasks."""


class MendedMasks:
    """The layers that lie on `frames` of the whole clip. Read once, when it is made.

    Raises InputError where the list of layers is damaged.
    """

    def __init__(self, mends: Path, frames: range) -> None:
        self._mends, self._frames = mends, frames
        self._layers = tuple(
            layer
            for layer in read_layers(mends)
            if any(one.first < frames.stop and frames.start <= one.last for one in layer.stretches)
        )

    def digest(self) -> str:
        """Hash of all that the layers say of these frames; empty where they say nothing."""
        said = [
            [str(layer.role), *layer.size, self._shown(layer, frame)]
            for layer in self._layers
            for frame in self._frames
        ]
        return hash_value(said) if said else ""

    @staticmethod
    def _shown(layer: MaskLayer, frame: int) -> str:
        return layer.picture(frame) or ""

    def touches(self, frame: int) -> bool:
        """Whether a layer covers something of this frame of the clip."""
        return any(layer.picture(frame) is not None for layer in self._layers)

    def pictures(self, frame: int, found: Mapping[str, bytes], widening: float) -> dict[str, bytes]:
        """PNG files of a touched frame by kind, see `masks`."""
        mended = self.masks(frame, found, widening)
        parts = (mended.hard, mended.alpha, mended.held, mended.front)
        return {kind: png_bytes(part) for kind, part in zip(KINDS, parts, strict=True)}

    def masks(self, frame: int, found: Mapping[str, bytes], widening: float) -> FrameMasks:
        """What is known of a touched frame, from the PNG files `found` by kind, of which former
        versions left not every one.

        Raises InputError where a layer's picture is gone or has another size than the clip.
        """
        decoded = {kind: _decoded(data) for kind, data in found.items()}
        nothing = np.zeros_like(decoded["alpha"])
        before = FrameMasks(*(decoded.get(kind, nothing) for kind in KINDS))
        drawn = []
        for layer in self._layers:
            sha256 = layer.picture(frame)
            if sha256 is not None:
                picture = _decoded(read_picture(self._mends, layer, sha256))
                _check_size(layer, picture, before.alpha.shape)
                drawn.append((layer.role, picture))
        return with_layers(before, drawn, widening)


def _decoded(data: bytes) -> Mask:
    import cv2

    picture: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise InputError(
            "mends-damaged",
            "A picture of a mask layer, or of the actor's masks, is no PNG.",
            "Make the layer again, or take it away.",
        )
    decoded: Mask = picture
    return decoded


def _check_size(layer: MaskLayer, picture: Mask, shape: tuple[Any, ...]) -> None:
    if picture.shape != shape:
        raise InputError(
            "mask-size",
            f"The mask layer {layer.name!r} is {picture.shape[1]}x{picture.shape[0]} pixels, but "
            f"the clip is {shape[1]}x{shape[0]}.",
            "Make the layer again at the clip's own size, or take it away.",
        )
