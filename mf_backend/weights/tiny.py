"""A tiny set with random weights, for tests and for trying the whole flow without downloads."""

from __future__ import annotations

from pathlib import Path

import torch

from mf_backend.models.config import tiny_config
from mf_backend.models.model_set import random_models
from mf_backend.weights.store import NewSet, write_set
from mf_backend.weights.weight_set import Kind, Network, WeightSet


def make_tiny_set(folder: Path, seed: int = 0, replace_set: bool = False) -> WeightSet:
    """Write a tiny set as an import would; the same seed gives the same files.

    It has every kind of layer of the full model, and no weight is zero. What it paints is noise.
    """
    models = random_models(tiny_config(), seed, estimator=True)
    return write_set(
        folder,
        NewSet(
            {Network(name): network.state_dict() for name, network in models.named().items()},
            models.config,
            Kind.TINY,
            torch.float16,
            notes={"seed": str(seed)},
        ),
        replace_set,
    )
