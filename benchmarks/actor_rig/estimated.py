"""The actor's joints of a clip as the estimator finds them, kept from one run to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mf_backend.actor.joints.estimators import best_estimator
from mf_backend.clip import open_clip, reference_for
from mf_backend.contracts.files import write_npz
from mf_backend.contracts.progress import NullReporter


def joints_of(frames: Path, kept: Path) -> dict[str, Any]:
    """`source` [n, 60, 2], `state` [n, 60], `world` [n, 60, 3] and `size` of a folder of frames.

    Taken from the file `kept` where it is there, else estimated and written to it.
    """
    if not kept.is_file():
        clip = open_clip(reference_for(frames))
        found = best_estimator().estimate(clip, (), NullReporter())
        world = found.world if found.world is not None else np.full((clip.count, 60, 3), np.nan)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_npz(
            kept, source=found.joints, state=found.state, world=world, size=np.array(clip.size)
        )
    with np.load(kept) as arrays:
        return dict(arrays)
