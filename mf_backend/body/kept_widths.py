"""The actor's widths kept among findings: the same joints and masks give the same ones again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.limb_widths import HEAD_ANGLES, STATIONS, BodyWidths, measure_widths
from mf_backend.body.whole_skeleton import FullSkeleton
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.findings import Findings
from mf_backend.version import VERSION

_KIND = "widths"
_MADE = "1"
"""Goes up whenever the same joints and masks give other widths."""
_STARTS = np.cumsum([len(places) for places in STATIONS.values()])
_KEPT = {
    "key": WantedArray(((32,),), "[32]"),
    "half": WantedArray(((int(_STARTS[-1]),), (2,)), "[stations, 2]"),
    "head": WantedArray(((len(HEAD_ANGLES),),), "[directions]"),
}


def kept_widths(
    findings: Findings, skeleton: FullSkeleton, masks: Mapping[int, NDArray[np.uint8]]
) -> BodyWidths:
    """As measure_widths on all of `masks`, [h, w] by frame; the latest ones stay among findings."""
    key = _key(skeleton, masks)
    found = findings.load(_KIND, 0, _KEPT)
    if found is not None and np.array_equal(found["key"], key):
        parts = np.split(found["half"].astype(np.float64), _STARTS[:-1])
        half = dict(zip(STATIONS, parts, strict=True))
        return BodyWidths(half, found["head"].astype(np.float64), skeleton.unit)
    widths = measure_widths(skeleton, masks.__getitem__, list(masks))
    halves = np.concatenate([widths.half[limb] for limb in STATIONS])
    findings.keep(_KIND, 0, {"key": key, "half": halves, "head": widths.head})
    return widths


def _key(skeleton: FullSkeleton, masks: Mapping[int, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    digest = hashlib.sha256(f"{VERSION} {_MADE} {skeleton.unit!r} {sorted(masks)}".encode())
    for values in (skeleton.points, skeleton.seen):
        digest.update(np.ascontiguousarray(values).tobytes())
    for index in sorted(masks):
        digest.update(f"{masks[index].shape}".encode())
        digest.update(np.ascontiguousarray(masks[index]).tobytes())
    return np.frombuffer(digest.digest(), np.uint8)
