"""A render with compiled layers, and one where nothing can be compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mf_backend.engines import load_engine
from mf_backend.models import compiling
from mf_backend.models.denoiser.motion_module import TemporalTransformer

from .test_engine import Watcher, render, settings_of

MakeJob = Callable[..., Path]


@pytest.mark.slow
def test_compiled_frames_are_the_same_but_for_rounding(
    diffusion_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := compiling.cannot_compile(torch.device("cpu")):
        pytest.skip(f"compiles for the processor, where {reason}")
    # One kind of layer: the whole network takes minutes (test_compiling has every kind).
    monkeypatch.setattr(compiling, "_PARTS", {TemporalTransformer: ("per_pixel",)})
    made = torch._dynamo.utils.counters["stats"]
    before = made["unique_graphs"]
    eager = render(diffusion_job("eager", steps=1, guidance=0.0))
    assert made["unique_graphs"] == before
    folder = diffusion_job("compiled", steps=1, guidance=0.0, compile=True)
    watcher = Watcher()
    compiled = render(folder, watcher)
    assert made["unique_graphs"] > before
    assert [code for code, _ in watcher.warnings] == ["weights-tiny"]
    assert any("compiling" in note for _, note in watcher.steps)
    for index, picture in eager.items():
        assert np.abs(compiled[index].astype(int) - picture).max() <= 1


def test_frames_of_both_kinds_never_mix(diffusion_job: MakeJob) -> None:
    settings = settings_of(diffusion_job())
    compiled = settings_of(diffusion_job("compiled", compile=True))
    engine = load_engine("motionfollower")
    same = engine.fingerprint(settings) == engine.fingerprint(compiled)
    assert same == bool(compiling.cannot_compile(torch.device("cpu")))
