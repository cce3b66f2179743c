"""The counter agrees with real tensors; the guided step takes a fraction of the plain port's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from mf_backend.bench.memory import measure_memory
from mf_backend.bench.settings import BenchSettings, Model, parse_size
from mf_backend.contracts.errors import InputError
from mf_backend.engines.motionfollower.memory.count import MemoryCounter
from mf_backend.sampler.memory import MemoryPlan

SMALL = MemoryPlan(frames=2, pixels=256)


def setting(
    device: str, frames: int = 4, side: int = 128, model: Model = Model.MID
) -> BenchSettings:
    return BenchSettings(
        model=model,
        frames=frames,
        size=(side, side),
        steps=25,
        cfg=3.5,
        moving_camera=False,
        device=torch.device(device),
        dtype=torch.float32,
    )


def test_counter_sees_what_lives_and_what_dies() -> None:
    counter = MemoryCounter()
    with counter:
        first = torch.zeros(1000)
        second = first + 1
        del first
        third = second.view(10, 100) * 2
        assert counter.live() == 8000
    assert counter.peak == 8000
    del second, third
    assert counter.live() == 0


def test_counter_sees_what_only_autograd_keeps() -> None:
    counter = MemoryCounter()
    with counter:
        x = torch.ones(1000, requires_grad=True)
        y = (x * 2).exp().sin()
        # x, y, and the result of exp, which nothing in Python holds.
        assert counter.live() == 12000
        y.sum().backward()
        del y
        assert counter.live() == 8000


@pytest.mark.slow
@pytest.mark.parametrize("plan", [MemoryPlan(), SMALL], ids=["whole", "sliced"])
def test_meta_device_counts_what_real_tensors_take(plan: MemoryPlan) -> None:
    counted, real = (
        measure_memory(setting(device), plan, released=False, baseline=False)["peak_bytes"]
        for device in ("meta", "cpu")
    )
    assert counted == pytest.approx(real, rel=0.05)


@pytest.mark.slow
@pytest.mark.usefixtures("whole")
def test_guided_step_takes_a_fraction_of_the_plain_ports() -> None:
    result = measure_memory(setting("meta", 24, 512), SMALL, released=False, baseline=True)
    plain = result["baseline"]
    assert result["saved_for_backward_bytes"] <= 0.12 * plain["saved_for_backward_bytes"]
    assert result["peak_bytes"] <= 0.12 * plain["peak_bytes"]


@pytest.mark.slow
def test_full_size_fits_a_small_card() -> None:
    """As a person asks for it; with --json there is one object on stdout and nothing else."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mf_backend", "bench", "memory", "--device", "meta"),
            *("--memory", "8", "--frames", "24", "--size", "512", "--json"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["peak_bytes"] <= 6.0 * 2**30


@pytest.mark.parametrize("text", ["0", "-5", "inf", "9" * 20, "1x", "64x64x64", "", "16385"])
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no size"):
        parse_size(text)
