"""The joints that lie with what is learnt from, by the names of their arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz
from mf_backend.contracts.conditions import BESIDE
from mf_backend.contracts.errors import InputError

_KNOWN = (*("joints", "positions"), *("source", "target", "size"), *BESIDE)
"""All arrays of a filmed take's file, and of one that conditioning left."""


def read_joints(path: Path, wanted: Mapping[str, WantedArray]) -> dict[str, NDArray[np.float32]]:
    """The wanted arrays of a joints.npz. Raises InputError where it is not there or damaged."""
    try:
        found = read_npz(path, wanted, known=_KNOWN)
    except NpzError as error:
        raise InputError(
            "train-joints",
            f"{path} cannot be read: {error}.",
            "Make it with `python -m mf_backend condition`.",
        ) from None
    return {name: np.asarray(value, np.float32) for name, value in found.items()}
