"""A tiny model and small clips for the sampler's tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mf_backend.models.config import tiny_config
from mf_backend.models.model_set import ModelSet, random_models
from mf_backend.sampler.inputs import SamplerInputs

MakeInputs = Callable[..., SamplerInputs]


@pytest.fixture(scope="session")
def models() -> ModelSet:
    """The tiny model with a second guidance network."""
    return random_models(tiny_config(), 5, estimator=True)


@pytest.fixture(scope="session")
def make_inputs() -> MakeInputs:
    """Clips of any length and size: noise, and a person who is a box that moves."""
    return _make_inputs


def _make_inputs(
    frames: int, height: int = 64, width: int = 64, seed: int = 0, same_in: int | None = None
) -> SamplerInputs:
    """`same_in` is a frame in which source and target masks are equal."""
    random = np.random.default_rng(seed)
    pictures, source_poses, target_poses = (
        random.integers(0, 256, (frames, height, width, 3), dtype=np.uint8) for _ in range(3)
    )
    source = np.zeros((frames, height, width), np.uint8)
    target = np.zeros_like(source)
    for i in range(frames):
        left = (i * 3) % (width // 4)
        source[i, height // 4 : height * 3 // 4, left : left + width // 3] = 255
        moved = left if i == same_in else left + width // 4
        target[i, height // 4 : height * 3 // 4, moved : moved + width // 3] = 255
    return SamplerInputs(pictures, source_poses, target_poses, source, target)
