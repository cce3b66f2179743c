"""What a run has learnt, as a set of weights that the engine takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from mf_backend.models.model_set import ModelSet
from mf_backend.weights.store import NewSet, write_set
from mf_backend.weights.weight_set import Kind, Network, WeightSet


def write_trained(folder: Path, models: ModelSet, notes: Mapping[str, str]) -> WeightSet:
    """Write the networks in float16; a set of an earlier moment of the same run is replaced.

    Raises OutputError where the disk refuses.
    """
    return write_set(
        folder,
        NewSet(
            {Network(name): network.state_dict() for name, network in models.named().items()},
            models.config,
            Kind.TRAINED,
            torch.float16,
            notes=notes,
        ),
        replace_set=True,
    )
