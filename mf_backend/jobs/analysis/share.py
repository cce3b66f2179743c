"""Figures and arrays of a range of frames, cut out of those of a longer one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def cut_figures(figures: Mapping[str, Any], first: int, count: int) -> dict[str, Any]:
    """What a stage said of its work, for `count` of its frames from `first` on.

    Lists of whole numbers are lists of frames, and objects whose names are numbers are told by
    frame; both are counted anew. The rest holds for all frames.
    """
    cut: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, list) and all(isinstance(item, int) for item in value):
            cut[name] = [item - first for item in value if first <= item < first + count]
        elif isinstance(value, dict) and all(key.isdecimal() for key in value):
            cut[name] = {
                str(int(key) - first): item
                for key, item in value.items()
                if first <= int(key) < first + count
            }
        else:
            cut[name] = value
    return {**cut, "frames": count} if "frames" in figures else cut


def cut_frames(arrays: Mapping[str, NDArray[Any]], rows: NDArray[np.int64]) -> Arrays:
    """Rows of all arrays that have one for each frame; `size` stays."""
    return {name: array if name == "size" else array[rows] for name, array in arrays.items()}


def joined(parts: list[Arrays]) -> Arrays:
    """Arrays of several ranges in order, one after the other.

    Where fewer people were seen besides the actor, or nothing is known of the depth, NaN stands.
    """
    result: Arrays = {"size": parts[-1]["size"]}
    for name in ("frames", "source", "state"):
        result[name] = np.concatenate([part[name] for part in parts])
    for name in ("others", "people"):
        if all(name in part for part in parts):
            most = max(part[name].shape[1] for part in parts)
            result[name] = np.concatenate([_padded(part[name], most) for part in parts])
    if any("world" in part for part in parts):
        shape = (60, 3)
        result["world"] = np.concatenate(
            [
                part.get("world", np.full((len(part["frames"]), *shape), np.nan, np.float32))
                for part in parts
            ]
        )
    return result


def _padded(others: NDArray[Any], most: int) -> NDArray[Any]:
    missing = most - others.shape[1]
    return np.pad(others, ((0, 0), (0, missing), (0, 0), (0, 0)), constant_values=np.nan)
