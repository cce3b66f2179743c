"""Sampling a shot in one way, and its figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.truth.scoring.pictures import PictureScorer
from mf_backend.clip import write_png
from mf_backend.compositing.detail import with_detail
from mf_backend.contracts.errors import MFError
from mf_backend.contracts.frames import Picture
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.conditions import prepare
from mf_backend.sampler.decode import decode_frames, recode
from mf_backend.sampler.encode import encode_frames
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.state import started_state

from .pose import pck
from .window_shot import WindowShot

PLAN = MemoryPlan(kept=1.0)
"""Pictures are small."""
_SHOWN = 3
"""Frames of a shot in a strip."""


FOOTAGE, PREVIEW = "footage unchanged", "preview engine"
TRUTH_CODED, PREVIEW_CODED = "truth, encoded and decoded", "preview, encoded and decoded"
BASELINES = (FOOTAGE, PREVIEW, TRUTH_CODED, PREVIEW_CODED)


def baselines(models: ModelSet, shot: WindowShot, pose: bool) -> dict[str, Any]:
    """Figures of the clip unchanged and of the preview engine; and of what the autoencoder leaves
    of the truth and of the preview, which no sampling can be better than."""
    conditions = prepare(models, shot.inputs, SamplerOptions(), plan=PLAN)

    def coded(pictures: list[Picture]) -> list[Picture]:
        latents = encode_frames(models, conditions, pictures)
        decoded = decode_frames(models, conditions, latents)
        return [shot.laid_in(picture, index) for index, picture in enumerate(decoded)]

    truths = [truth.picture for truth in shot.truths]
    shown = ([truth.source for truth in shot.truths], shot.previews)
    shown += (coded(truths), coded(shot.previews))
    return {
        name: figures(shot, pictures, pose) for name, pictures in zip(BASELINES, shown, strict=True)
    }


def measure(
    models: ModelSet, shot: WindowShot, options: SamplerOptions, strip: Path, pose: bool
) -> dict[str, Any]:
    """Figures of one way of sampling; {"failed": why} where nothing comes of it.

    Leaves some frames in `strip`, a picture: clip, truth, preview and result from left to right.
    """
    began = time.process_time()
    try:
        results = list(sampled(models, shot, options))
    except MFError as error:
        return {"failed": error.message}
    seconds = time.process_time() - began
    strip.parent.mkdir(parents=True, exist_ok=True)
    write_png(strip, _strip(shot, results))
    return figures(shot, results, pose) | {"cpu_seconds": seconds}


def sampled(models: ModelSet, shot: WindowShot, options: SamplerOptions) -> Iterator[Picture]:
    """Frames as the networks paint them, laid into the clip's."""
    conditions = prepare(models, shot.inputs, options, plan=PLAN)
    state = None
    if options.first_step:
        source, start = (
            encode_frames(models, conditions, pictures)
            for pictures in (shot.inputs.frames, shot.previews)
        )
        state = started_state(conditions, options, models.config.schedule, source, start)
    state = run(models, conditions, options, state, plan=PLAN)
    for index, painted in enumerate(decode_frames(models, conditions, state.edit)):
        if options.first_step:
            start = shot.previews[index]
            coded = recode(models.vae, start, conditions.padded)
            painted = with_detail(painted, coded, start, shot.seen)
        yield shot.laid_in(painted, index)


def figures(shot: WindowShot, results: list[Picture], pose: bool) -> dict[str, Any]:
    """Of finished frames against the truth; `pose`: also of the joints found in them."""
    scorer = PictureScorer(len(results))
    for result, truth in zip(results, shot.truths, strict=True):
        scorer.add(result, truth)
    told: dict[str, Any] = scorer.scores().to_dict()
    del told["frames"]
    return told | ({"pose": {"pck": pck(results, shot.joints)}} if pose else {})


def _strip(shot: WindowShot, results: list[Picture]) -> Picture:
    rows = []
    for index in sorted({round(i) for i in np.linspace(0, len(results) - 1, _SHOWN)}):
        truth = shot.truths[index]
        pictures = (truth.source, truth.picture, shot.previews[index], results[index])
        rows.append(np.concatenate(pictures, axis=1))
    tall = np.concatenate(rows)
    return np.asarray(cv2.resize(tall, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST), np.uint8)
