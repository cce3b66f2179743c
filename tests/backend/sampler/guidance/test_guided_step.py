"""The guided step in little memory: the plain port's gradients, a fraction of its memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.plain_port.pipeline import PlainInputs, PlainPort, plain_unet
from mf_backend.bench.memory import measure_memory
from mf_backend.bench.settings import BenchSettings, Model, model_config
from mf_backend.engines.motionfollower.memory.count import MemoryCounter
from mf_backend.models.config import tiny_config
from mf_backend.models.model_set import ModelSet, random_models
from mf_backend.sampler.conditions import prepare
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.state import SamplerState, initial_state
from mf_backend.sampler.units import Progress

MakeInputs = Callable[..., SamplerInputs]
LEAN = MemoryPlan(frames=4, pixels=1024)
LEANEST = MemoryPlan(frames=1, pixels=64, coarse=True)


class OneStepError(Exception):
    """The first step is done."""


def _one_step(state: SamplerState, progress: Progress) -> None:
    if progress.step == 1:
        raise OneStepError


@pytest.fixture(scope="module")
def mid_models() -> ModelSet:
    config, small = model_config(Model.MID), tiny_config()
    encoder = replace(small.image_encoder, projection_dim=config.unet.cross_attention_dim)
    return random_models(replace(config, image_encoder=encoder, vae=small.vae), 3)


@pytest.mark.slow
@pytest.mark.parametrize("plan", [LEAN, LEANEST, MemoryPlan(kept=1)])
def test_the_guidance_equals_the_plain_ports(
    mid_models: ModelSet, make_inputs: MakeInputs, plan: MemoryPlan
) -> None:
    """Shared network, shared passes, slices, recomputation: within 1e-5 of two plain passes."""
    inputs = make_inputs(3)
    options = SamplerOptions.default(steps=50)
    conditions = prepare(mid_models, inputs, options)
    found: dict[str, Tensor] = {}

    def keep(name: str, step: int, replay: int, value: Tensor) -> None:
        found[name] = value

    start = initial_state(conditions, options)
    # Branches that differ, as they do after the first step.
    start.recon = start.recon + 0.1 * torch.randn_like(start.recon)
    recon = start.recon.clone()
    with pytest.raises(OneStepError):
        run(mid_models, conditions, options, start, plan=plan, on_unit=_one_step, trace=keep)

    tensors = mid_models.unet.state_dict()
    networks = [plain_unet(mid_models.config, tensors, trainable) for trainable in (False, True)]
    given = conditions.window(mid_models, conditions.windows[0])
    pictures = torch.from_numpy(inputs.frames).permute(0, 3, 1, 2).float() / 127.5 - 1
    masks = [
        torch.from_numpy(mask > 0).float().unsqueeze(1)
        for mask in (inputs.source_masks, inputs.target_masks)
    ]
    token = conditions.store.read("token", slice(None), conditions.device)
    port = PlainPort(
        mid_models.config,
        *networks,
        PlainInputs(token, given.source.pose, given.target.pose, pictures, *masks),
        50,
        options.cfg,
    )
    port.latents.append(_plain(recon))
    expected = port.guidance(0, _plain(found["edit/guidance_latent_in"]))
    difference = (_plain(found["edit/guidance"]) - expected).norm() / expected.norm()
    assert float(difference) < 1e-5


def _plain(latents: Tensor) -> Tensor:
    """[frames, 4, h, w] to [1, 4, frames, h, w]."""
    return latents.transpose(0, 1).unsqueeze(0)


@pytest.mark.slow
def test_the_guided_step_takes_a_fraction_of_the_plain_ports_memory() -> None:
    settings = BenchSettings(
        Model.MID, 12, (512, 512), 50, 7.0, False, torch.device("meta"), torch.float32
    )
    result = measure_memory(settings, LEAN, released=False, baseline=True)
    baseline = result["baseline"]
    assert result["saved_for_backward_bytes"] <= 0.12 * baseline["saved_for_backward_bytes"]
    assert result["peak_bytes"] <= 0.12 * baseline["peak_bytes"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(
    models: ModelSet, make_inputs: MakeInputs, odd_path: Path
) -> None:
    options = SamplerOptions.default()
    peaks = []

    def three_windows(state: SamplerState, progress: Progress) -> None:
        if state.position == 3:
            raise OneStepError

    for frames in (48, 96, 240):
        folder = odd_path / str(frames)
        conditions = prepare(models, make_inputs(frames), options, work_folder=folder)
        assert len(conditions.windows) >= 3
        state = initial_state(conditions, options)
        with MemoryCounter([state.recon, state.edit]) as counter, pytest.raises(OneStepError):
            run(models, conditions, options, state, plan=LEAN, on_unit=three_windows)
        # Both branches' latents, the sums of two predictions and the guidance, and the features:
        # the counter takes the mapped files, of which windows are views, for memory.
        on_disk = sum(path.stat().st_size for path in folder.glob("*.bin"))
        peaks.append(counter.peak - 5 * state.edit.nbytes - on_disk)
    assert max(peaks) <= 1.05 * min(peaks)


EVERY_PHASE = pytest.mark.parametrize(
    "options",
    [
        SamplerOptions.default(steps=20, moving_camera=True),
        SamplerOptions.released(steps=25, whole_reconstruction=True),
        SamplerOptions.draft(),
    ],
    ids=["default", "released", "draft"],
)


class NoValues(TorchDispatchMode):
    """Inside the block no operator may hand a tensor's value to Python, which a card waits for."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        waits = (torch.ops.aten._local_scalar_dense, torch.ops.aten.nonzero)
        if func.overloadpacket in waits:
            raise AssertionError(f"{func} waits for the device")
        return func(*args, **(kwargs or {}))


@pytest.mark.slow
@EVERY_PHASE
def test_nothing_in_the_loop_waits_for_a_value(
    make_inputs: MakeInputs, options: SamplerOptions
) -> None:
    models = random_models(tiny_config(), 5, estimator=not options.denoiser_features)
    conditions = prepare(models, make_inputs(2), options)
    with pytest.raises(AssertionError), NoValues():
        bool(models.unet.conv_in.weight.isfinite().all())
    with NoValues():
        run(models, conditions, options)


@pytest.mark.slow
@EVERY_PHASE
def test_the_loop_needs_nothing_that_has_left_the_device(
    make_inputs: MakeInputs, options: SamplerOptions
) -> None:
    """What is parked has no values here; one touch of it in the loop would raise."""
    models = random_models(tiny_config(), 5, estimator=not options.denoiser_features)
    conditions = prepare(models, make_inputs(2), options)
    wanted = run(models, conditions, options).edit
    for network in models.outside_denoising():
        network.to("meta")
    conditions._cached = None
    assert torch.equal(run(models, conditions, options).edit, wanted)
