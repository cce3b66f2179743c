"""The actor's widths kept among findings: the same joints and masks give the same ones again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.limb_widths import HEAD_ANGLES, STATIONS, BodyWidths, measure_widths
from mf_backend.body.skirt import SHARES, Skirt
from mf_backend.body.skirt_found import find_skirt
from mf_backend.body.whole_skeleton import FullSkeleton
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.findings import Arrays, Findings, KeyedFindings, key_of
from mf_backend.version import VERSION

_KIND = "widths"
_MADE = "2"
"""Goes up whenever the same joints and masks give other widths."""
_STARTS = np.cumsum([len(places) for places in STATIONS.values()])
_KEPT = {
    "half": WantedArray(((int(_STARTS[-1]),), (2,)), "[stations, 2]"),
    "head": WantedArray(((len(HEAD_ANGLES),),), "[directions]"),
    "hem": WantedArray(((0, 1),), "[0 or 1]"),
    "skirt": WantedArray(((len(SHARES),),), "[levels]"),
}


def kept_widths(
    findings: Findings, skeleton: FullSkeleton, masks: Mapping[int, NDArray[np.uint8]]
) -> BodyWidths:
    """As measure_widths on all of `masks`, [h, w] by frame, with a skirt where one is found; the
    latest ones stay among findings."""
    found = KeyedFindings(findings, key_of(_input(skeleton, masks))).load_or_make(
        _KIND, 0, _KEPT, lambda: _measured(skeleton, masks)
    )
    parts = np.split(found["half"].astype(np.float64), _STARTS[:-1])
    half = dict(zip(STATIONS, parts, strict=True))
    hem, cloth = found["hem"], found["skirt"].astype(np.float64)
    skirt = Skirt(float(hem[0]), cloth) if hem.size else None
    return BodyWidths(half, found["head"].astype(np.float64), skeleton.unit, skirt)


def _measured(skeleton: FullSkeleton, masks: Mapping[int, NDArray[np.uint8]]) -> Arrays:
    widths = measure_widths(skeleton, masks.__getitem__, list(masks))
    skirt = find_skirt(skeleton, masks)
    return {
        "half": np.concatenate([widths.half[limb] for limb in STATIONS]),
        "head": widths.head,
        "hem": np.array([] if skirt is None else [skirt.hem]),
        "skirt": np.zeros(len(SHARES)) if skirt is None else skirt.half,
    }


def _input(
    skeleton: FullSkeleton, masks: Mapping[int, NDArray[np.uint8]]
) -> Iterator[str | NDArray[Any]]:
    yield f"{VERSION} {_MADE} {skeleton.unit!r} {sorted(masks)}"
    yield from (skeleton.points, skeleton.seen)
    for index in sorted(masks):
        yield f"{masks[index].shape}"
        yield masks[index]
