"""What a render will take at its peak, found by running one guided step on the meta device."""

from __future__ import annotations

import torch
from torch import Tensor

from mf_backend.engines.motionfollower.memory.count import FusedAttention, MemoryCounter
from mf_backend.models.config import ModelConfig
from mf_backend.models.denoiser.unet import MotionUNet, UNetConditions
from mf_backend.models.model_set import ModelSet, build_models
from mf_backend.sampler.conditions import Conditions, Masks, WindowConditions
from mf_backend.sampler.frame_store import FrameStore
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan, denoising_weights
from mf_backend.sampler.options import Phases, SamplerOptions
from mf_backend.sampler.state import SamplerState
from mf_backend.sampler.units import Progress, list_units
from mf_backend.sampler.windows import Window


class _DoneError(Exception):
    """The step to be measured is over."""


def random_conditions(
    models: ModelSet, frames: int, size: tuple[int, int], *, fill: bool = False
) -> Conditions:
    """Conditions of a clip of one window that come from no pictures; `size` is (width, height).

    Without `fill` their values are whatever memory holds, and the masks are not set (meta device).
    """
    device, dtype = models.device, models.dtype
    height, width = (-(-side // 64) * 64 for side in (size[1], size[0]))
    h, w = height // 8, width // 8

    def tensor(*shape: int) -> Tensor:
        if fill:
            return torch.randn(shape, device=device).to(dtype)
        return torch.empty(shape, device=device, dtype=dtype)

    def of(network: MotionUNet) -> list[UNetConditions]:
        widths = network.config.block_out_channels
        appearance = [
            tensor(frames, c, h >> k, w >> k).contiguous(memory_format=torch.channels_last)
            for k, c in enumerate(widths)
        ]
        poses = [
            tensor(frames, widths[0], h, w).contiguous(memory_format=torch.channels_last)
            for _ in range(2)
        ]
        token = tensor(frames, 1, network.config.cross_attention_dim)
        cross = network.cross_constants(token)
        nothing = network.cross_constants(torch.zeros_like(token[:1]))
        return [
            UNetConditions(poses[0], appearance, cross),
            UNetConditions(poses[1], appearance, cross),
            UNetConditions(poses[1], appearance, nothing),
        ]

    with torch.no_grad():
        source, target, unconditional = of(models.unet)
        guides = (source, target)
        if models.estimator is not None:
            first, second, _ = of(models.estimator)
            guides = (first, second)
    masks = Masks(*(torch.zeros(frames, 1, 2 * h, 2 * w, device=device) for _ in range(2)))
    if fill:
        masks.source[..., h // 2 : h, w // 2 : w] = 1
        masks.target[..., h : 2 * h, w // 2 : w] = 1
    window = Window(0, frames)
    store = FrameStore(frames)
    for side, mask in (("source", masks.source), ("target", masks.target)):
        whole = torch.zeros(mask.shape, dtype=torch.uint8) if mask.is_meta else mask.byte()
        store.write(f"mask.{side}", slice(None), whole)
    channels = models.config.unet.in_channels
    conditions = Conditions(
        frames, (size[1], size[0]), (height, width), [window], store, device, dtype, channels
    )
    given = WindowConditions(source, target, unconditional, *guides, masks=masks)
    conditions.keep(window, given)
    return conditions


def measured_step(options: SamplerOptions) -> int:
    """A guided step (with injection where there is any): the one that takes the most memory."""
    phases = Phases(options)
    steps = range(options.steps)
    both = [i for i in steps if phases.guided(i) and phases.injecting(i)]
    either = [i for i in steps if phases.guided(i) or phases.injecting(i)]
    return (both or either or [0])[0]


def count_step(
    models: ModelSet, conditions: Conditions, options: SamplerOptions, plan: MemoryPlan
) -> int:
    """Most bytes alive during one such step, weights and conditions included."""
    step = measured_step(options)
    position = next(i for i, unit in enumerate(list_units(options, 1, plan)) if unit.step == step)
    shape, device = conditions.latent_shape, conditions.device
    latents = [torch.zeros(shape, device=device) for _ in range(2)]
    state = SamplerState(latents[0], latents[1], position, torch.Generator().manual_seed(0))

    def stop(state: SamplerState, progress: Progress) -> None:
        raise _DoneError

    counter = MemoryCounter([*denoising_weights(models), *latents, *_tensors(conditions)])
    try:
        with FusedAttention(), counter:
            run(models, conditions, options, state, plan=plan, on_unit=stop)
    except _DoneError:
        return counter.peak
    raise AssertionError("the step did not end")


def _tensors(conditions: Conditions) -> list[Tensor]:
    window = conditions.kept()
    found = [window.masks.source, window.masks.target]
    for part in (
        window.source,
        window.target,
        window.unconditional,
        window.guide_source,
        window.guide_target,
    ):
        found += [part.pose, *part.appearance, *part.cross.values()]
    return found


def predict_peak(
    config: ModelConfig,
    options: SamplerOptions,
    plan: MemoryPlan,
    *,
    frames: int,
    size: tuple[int, int],
    dtype: torch.dtype,
) -> int:
    """Bytes of live tensors at the peak of a render with windows of `frames` frames.

    `size` is (width, height). Allocator slack and kernels' workspaces come on top.
    """
    estimator = not options.denoiser_features and options.energy_scale > 0
    models = build_models(config, device="meta", dtype=dtype, estimator=estimator)
    return count_step(models, random_conditions(models, frames, size), options, plan)
