"""The linear encoder: principal components of patches of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError
from mf_backend.models.patches import PatchEncoder
from mf_backend.training.data.shots import Shot

_MOST = 200_000
"""Patches that the components are found from."""
_EVENNESS = 0.5
"""How far components are made equally wide: 0 keeps their widths (what a bit of error costs in
pixels), 1 gives every detail the weight of the mean colour. Chosen, not measured."""


def fit_patches(encoder: PatchEncoder, shots: Sequence[Shot], seed: int) -> float:
    """Set `encoder` to the components of the shots' patches; their share of the variance, 0 to 1.

    The latents have mean 0 and a mean variance of 1. Raises InputError where pictures are flat.
    """
    convolution = encoder.project
    side, channels = convolution.kernel_size[0], convolution.out_channels
    patches = _patches(shots, side, np.random.default_rng(seed))
    mean = patches.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(patches - mean, rowvar=False))
    kept, found = values[::-1][:channels], vectors[:, ::-1][:, :channels]
    if len(kept) < channels or kept[-1] <= 1e-9:
        raise InputError(
            "train-flat",
            f"The pictures hold fewer than {channels} kinds of detail, too few to learn from.",
            "Use pictures that show more than one colour.",
        )
    # A vector's sign is the library's choice; one rule makes every machine's the same.
    found = found * np.sign(found[np.abs(found).argmax(axis=0), np.arange(channels)])
    widths = np.sqrt(kept)
    scales = widths**-_EVENNESS
    scales /= np.sqrt(np.mean((widths * scales) ** 2))
    weights = (found * scales).T
    with torch.no_grad():
        convolution.weight.copy_(torch.from_numpy(weights.reshape(channels, 3, side, side)))
        assert convolution.bias is not None
        convolution.bias.copy_(torch.from_numpy(-weights @ mean))
    return float(kept.sum() / values.sum())


def _patches(shots: Sequence[Shot], side: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Patches float64 [n, 3 * side * side] in [-1, 1], from all takes alike."""
    takes = [take for shot in shots for take in shot.takes]
    each = max(1, _MOST // len(takes))
    found = []
    for take in takes:
        count, high, wide = take.pictures.shape[:3]
        rows, columns = high // side, wide // side
        grid = take.pictures[:, : rows * side, : columns * side]
        cells = grid.reshape(count, rows, side, columns, side, 3).transpose(0, 1, 3, 5, 2, 4)
        flat = cells.reshape(-1, 3 * side * side)
        chosen = random.choice(len(flat), min(each, len(flat)), replace=False)
        found.append(flat[np.sort(chosen)] / 127.5 - 1)
    joined: NDArray[np.float64] = np.concatenate(found)
    return joined
