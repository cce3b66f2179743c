"""Shift-tolerant perceptual distance (Ghildyal and Liu 2022), its map averaged over the region.

Its figures are not those of LPIPS as it was published: the network differs. The package
stlpips-pytorch holds it whole, so that nothing is downloaded. Only its weights are read: the
package itself imports more than a distance needs (torchvision, IPython).
"""

from __future__ import annotations

import importlib.util
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mf_backend.metrics.base import FramePair, RegionMeans

_PACKAGE = "stlpips_pytorch"
_WEIGHTS = "weights/vST0.0/alex_shift_tolerant.pth"
_KERNEL = 3
"""Sides of the binomial filter that each halving is smoothed with."""


class STLPIPS(RegionMeans):
    """With the shift-tolerant AlexNet."""

    name = "stlpips"
    label = "ST-LPIPS"

    def missing(self) -> str | None:
        """See Metric."""
        if weights_file() is None:
            return (
                "The Python package stlpips-pytorch, which holds the network, is not installed; "
                "`pip install --no-deps stlpips-pytorch`."
            )
        return None

    @cached_property
    def _weights(self) -> dict[str, Any]:
        import torch

        file = weights_file()
        assert file is not None
        weights: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
        return weights

    def add(self, pair: FramePair) -> None:
        """See Metric."""
        import torch

        with torch.no_grad():
            one, other = (_features(self._weights, tensor / 127.5 - 1) for tensor in pair.tensors)
            shape = pair.result.shape[:2]
            total = torch.zeros(1, 1, *shape)
            for number, (a, b) in enumerate(zip(one, other, strict=True)):
                difference = (_unit(a) - _unit(b)) ** 2
                weighed = torch.nn.functional.conv2d(
                    difference, self._weights[f"lin{number}.model.1.weight"]
                )
                total += torch.nn.functional.interpolate(weighed, shape, mode="bilinear")
        self.keep_map(pair, np.asarray(total[0, 0].numpy(), np.float32))


def weights_file() -> Path | None:
    """The network's file in the installed package; None where there is none."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        file = Path(folder) / _WEIGHTS
        if file.is_file():
            return file
    return None


def _features(weights: dict[str, Any], picture: Any) -> list[Any]:
    """What the five layers make of a picture [1, 3, height, width] of -1..1."""
    from torch.nn.functional import conv2d, max_pool2d, relu

    def layer(value: Any, name: str, padding: int) -> Any:
        return conv2d(value, weights[f"net.{name}.weight"], weights[f"net.{name}.bias"],
                      padding=padding)  # fmt: skip

    value = (picture - weights["scaling_layer.shift"]) / weights["scaling_layer.scale"]
    # The filter comes before the first layer's rectification and after the others' maxima.
    found = [relu(_halve(layer(value, "slice1.0", 2)))]
    found.append(relu(layer(_halve(max_pool2d(found[-1], 3, 1)), "slice2.5", 2)))
    found.append(relu(layer(_halve(max_pool2d(found[-1], 3, 1)), "slice3.9", 1)))
    found.append(relu(layer(found[-1], "slice4.11", 1)))
    found.append(relu(layer(found[-1], "slice5.13", 1)))
    return found


def _halve(value: Any) -> Any:
    """Smooth with the binomial filter and take every second pixel, the border mirrored."""
    import torch
    from torch.nn.functional import conv2d, pad

    row = torch.tensor([1.0, 2.0, 1.0])
    kernel = (row[:, None] * row / 16).expand(value.shape[1], 1, _KERNEL, _KERNEL)
    mirrored = pad(value, (_KERNEL - 1,) * 4, mode="reflect")
    return conv2d(mirrored, kernel, stride=2, groups=value.shape[1])


def _unit(value: Any) -> Any:
    """Features as vectors of length one, along the channels."""
    return value / (value.pow(2).sum(1, keepdim=True).sqrt() + 1e-10)
