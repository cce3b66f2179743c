"""Some steps of a recorded run, each stretch begun from what was recorded of the latents before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mf_backend.bench.parity import Bundle, Difference, compare, load_models, video_layout
from mf_backend.sampler.conditions import prepare
from mf_backend.sampler.decode import decode_latent
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.state import SamplerState, initial_state
from mf_backend.sampler.units import Progress, list_units


@dataclass(frozen=True)
class Stretch:
    """The steps `first` to `stop` - 1."""

    first: int
    stop: int


class EnoughError(Exception):
    """The stretch is over."""


def compare_stretches(
    bundle: Bundle, stretches: Sequence[Stretch], plan: MemoryPlan
) -> list[Difference]:
    """What the bundle recorded of these steps, and its last latents decoded, against ours."""
    recorded = _by_step(bundle)
    models = load_models(bundle)
    conditions = prepare(models, bundle.sampler_inputs(), bundle.options, plan=plan)
    units = list_units(bundle.options, len(conditions.windows), plan)
    found: dict[str, Tensor] = {}

    def keep(name: str, step: int, replay: int, value: Tensor) -> None:
        per_replay = f"{name}/{step}.{replay}"
        key = per_replay if per_replay in recorded else f"{name}/{step}"
        if key in recorded:
            found[key] = value.double() if name == "edit/losses" else video_layout(value)

    for stretch in stretches:
        state = initial_state(conditions, bundle.options)
        if stretch.first:
            state.recon = _frames(recorded[f"recon/latents/{stretch.first - 1}"])
            state.edit = _frames(recorded[f"edit/latents/{stretch.first - 1}"])
        state.position = next(i for i, unit in enumerate(units) if unit.step == stretch.first)

        def stop(state: SamplerState, progress: Progress, stretch: Stretch = stretch) -> None:
            if progress.step == stretch.stop:
                raise EnoughError

        try:
            run(models, conditions, bundle.options, state, plan=plan, on_unit=stop, trace=keep)
        except EnoughError:
            continue
    pictures = recorded["edit/video"].shape[2]
    last = _frames(recorded["edit/latents_final"])[:pictures]
    decoded = [decode_latent(models.vae, latent) for latent in last]
    found["edit/video"] = video_layout(torch.stack(decoded))
    outputs = {key: recorded[key] for key in found}
    differences = compare(replace(bundle, outputs=outputs), found)
    return [item for item in differences if item.key in found]


def _by_step(bundle: Bundle) -> dict[str, Tensor]:
    """The bundle's outputs, with the rows of its series as values of their own.

    Latents are called after the step that they came out of.
    """
    outputs = dict(bundle.outputs)
    for branch, offset in (("recon", 1), ("edit", 0)):
        rows = outputs.pop(f"{branch}/latents")
        for row, step in zip(rows, outputs.pop(f"{branch}/latents_steps").tolist(), strict=True):
            outputs[f"{branch}/latents/{step - offset}"] = row
    pairs = outputs.pop("edit/guidance_at").tolist()
    for row, (step, replay) in zip(outputs.pop("edit/losses"), pairs, strict=True):
        outputs[f"edit/losses/{step}.{replay}"] = row
    return outputs


def _frames(value: Tensor) -> Tensor:
    """The bundles' [1, C, frames, h, w] as the sampler has it: [frames, C, h, w]."""
    return value[0].transpose(0, 1).float().contiguous()
