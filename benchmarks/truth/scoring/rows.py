"""The rows of a shot's table: what a result is compared with, and a result itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.frames import Picture
from mf_backend.jobs.disk.folder import JobFolder

from .conditions import score_conditions
from .pictures import PictureScorer, moved, over
from .regions import TrueFrame, TrueFrames

FOOTAGE = "footage"
BASELINES = (FOOTAGE, "true plate", "truth moved by 1 px", "truth moved by 2 px")
WITH_TRUE_ACTOR, ON_TRUE_PLATE = "with the true actor", "on the true plate"
"""Composites of a result's one half and the truth's other: which of them its errors lie in."""

_LOOKED_AT = (BASELINES[0], BASELINES[2])
"""Baselines that the networks look at, too."""

_MAKERS: dict[str, Callable[[TrueFrame], Picture]] = {
    BASELINES[0]: lambda truth: truth.source,
    BASELINES[1]: lambda truth: truth.plate,
    BASELINES[2]: lambda truth: moved(truth.picture, 1),
    BASELINES[3]: lambda truth: moved(truth.picture, 2),
}


def baseline_rows(truths: TrueFrames) -> dict[str, Any]:
    """Figures of what needs no engine: the clip unchanged, the bare set, the truth moved aside."""
    scorers = {name: PictureScorer(len(truths), name in _LOOKED_AT) for name in BASELINES}
    for truth in truths:
        for name, scorer in scorers.items():
            scorer.add(_MAKERS[name](truth), truth)
    return {name: scorer.scores().to_dict() for name, scorer in scorers.items()}


def result_rows(job: JobFolder, truths: TrueFrames) -> dict[str, dict[str, Any]]:
    """Figures of a finished job's pictures and conditions under "", and of both composites of its
    pictures with the truth under their names."""
    conditions = load_conditions(job.conditions)
    count = len(truths)
    names = ("", WITH_TRUE_ACTOR, ON_TRUE_PLATE)
    scorers = {name: PictureScorer(count, networks=not name) for name in names}
    for index, truth in enumerate(truths):
        result = read_image(job.frame(index))
        shown = conditions.grey("target_alpha", index)
        # Where the truth shows no actor it is its own plate, shadow included.
        bare = over(truth.plate, truth.picture, truth.matte)
        scorers[""].add(result, truth)
        scorers[WITH_TRUE_ACTOR].add(over(truth.picture, result, truth.matte), truth)
        scorers[ON_TRUE_PLATE].add(over(result, bare, shown), truth)
    scores = scorers[""].scores()
    row = scores.to_dict() | score_conditions(conditions, truths.shot)
    row["missing"] = scores.missing
    return {"": row} | {name: scorers[name].scores().to_dict() for name in names[1:]}
