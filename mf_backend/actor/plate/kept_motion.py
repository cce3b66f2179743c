"""The camera's way kept among findings: the same clip and masks give the same one again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.kept import plate_key
from mf_backend.actor.plate.motion import CameraMotion, MotionTracker
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.findings import Arrays, Findings, KeyedFindings
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.progress import Reporter

_KIND = "camera"
_MANY = range(1 << 18)
_KEPT = {
    "to_first": WantedArray((_MANY, (3,), (3,)), "[frames, 3, 3]"),
    "references": WantedArray((_MANY,), "[references]"),
    "figures": WantedArray(((2,),), "steady, registered"),
}
_MADE = np.array([1], np.uint8)
"""Goes up whenever the same frames and masks give another way."""


def kept_motion(
    clip: FrameSource,
    person: Callable[[int], NDArray[np.uint8]],
    reporter: Reporter,
    findings: Findings,
) -> CameraMotion:
    """How the clip's camera moved, seen beside the actor's masks `person(i)` [H, W]; the latest
    stays among the findings."""
    key = np.concatenate([_MADE, plate_key(clip, person, reporter)])
    found = KeyedFindings(findings, key).load_or_make(
        _KIND, 0, _KEPT, lambda: _tracked(clip, person, reporter)
    )
    steady, registered = found["figures"].tolist()
    references = tuple(int(frame) for frame in found["references"])
    return CameraMotion(found["to_first"].astype(np.float64), bool(steady), registered, references)


def _tracked(
    clip: FrameSource, person: Callable[[int], NDArray[np.uint8]], reporter: Reporter
) -> Arrays:
    tracker = MotionTracker(clip.size)
    for index, frame in enumerate(clip.frames()):
        reporter.check()
        tracker.add(frame, person(index))
    motion = tracker.finish()
    return {
        "to_first": np.asarray(motion.to_first, np.float64),
        "references": np.array(motion.references, np.int64),
        "figures": np.array([motion.steady, motion.registered], np.float64),
    }
