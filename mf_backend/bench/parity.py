"""Comparison with recorded runs of the released sampler ("bundles").

A bundle is a folder with `config.json`, `inputs.safetensors` and `outputs.safetensors`; its
weights file lies beside it. `record` runs the sampler on a bundle's inputs and returns every
value that the bundle recorded, under the bundle's own names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mf_backend.models.config import ModelConfig, from_published
from mf_backend.models.key_map import ignorable, to_ours
from mf_backend.models.model_set import ModelSet, build_models, load_tensors
from mf_backend.sampler.conditions import Conditions, clip_pixels, prepare
from mf_backend.sampler.decode import decode_latent
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.state import initial_state

TOLERANCE = 1e-5
HALF_TOLERANCE = 5e-4
FLOOR_FACTOR = 50.0
STAGES: tuple[tuple[str, str], ...] = (
    ("schedule", r"schedule/"),
    ("CLIP", r"clip/"),
    ("pose features", r".*pose_fea$"),
    ("appearance features", r"(unet|estimator)/appearance/"),
    ("block outputs", r"edit/probe/"),
    ("predictions", r".*/(noise_pred|renoise_pred)"),
    ("reconstruction", r"recon/(latents|buffer)"),
    ("guidance features", r"edit/up_ft"),
    ("energies", r"edit/(losses|guidance_at)"),
    ("gradients", r"edit/grad_"),
    ("guidance", r"edit/guidance"),
    ("edit", r"edit/latents"),
    ("video", r".*/video$"),
)
"""Names of the stages in the order in which an error would show up first, with their keys."""


@dataclass(frozen=True)
class Bundle:
    """One recorded run. Keys of `inputs` and `outputs` are those of the files."""

    name: str
    config: dict[str, Any]
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    weights: Path

    @property
    def options(self) -> SamplerOptions:
        """The released behaviour with the run's settings, computing even what nothing uses."""
        settings = self.config["run"]
        return SamplerOptions.released(
            steps=settings["steps"],
            cfg=settings["cfg"],
            energy_scale=settings["energy_scale"],
            moving_camera=settings["camera"] == "True",
            seed=settings["seed"],
            whole_reconstruction=True,
            discarded_renoising=True,
        )

    def sampler_inputs(self) -> SamplerInputs:
        """Frames, poses and masks as the sampler takes them."""
        names = ("source_images", "source_poses", "target_poses", "source_masks", "target_masks")
        arrays = [self.inputs[name].numpy() for name in names]
        return SamplerInputs(*arrays[:3], *(mask[:, 0] for mask in arrays[3:]))


def find_bundles(folder: Path) -> list[Path]:
    """Folders with a `config.json`, sorted by name."""
    return sorted(path.parent for path in folder.glob("*/config.json"))


def load_bundle(folder: Path) -> Bundle:
    """Read one bundle."""
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    inputs, outputs = (load_file(folder / f"{part}.safetensors") for part in ("inputs", "outputs"))
    return Bundle(folder.name, config, inputs, outputs, folder.parent / config["weights"])


def bundle_config(config: Mapping[str, Any]) -> ModelConfig:
    """The model's configuration from a bundle's `config.json`."""
    return from_published(
        config["unet_config"],
        motion=config["unet_additional_kwargs"]["motion_module_kwargs"],
        appearance=config["appearance_adapter"],
        pose=config["pose_guider"],
        vae=config["vae_config"],
        image_encoder=config["image_encoder_config"],
        schedule=config["noise_scheduler_kwargs"],
    )


def load_models(bundle: Bundle) -> ModelSet:
    """The bundle's networks, assembled as its configuration says, in float32."""
    from safetensors.torch import load_file

    raw = load_file(bundle.weights)

    def part(prefix: str) -> dict[str, Tensor]:
        start = f"{prefix}."
        return {
            to_ours(key.removeprefix(start)): value.float()
            for key, value in raw.items()
            if key.startswith(start) and not ignorable(key)
        }

    models = build_models(bundle_config(bundle.config), estimator=True)
    assembly = bundle.config["assembly"]
    for network, name in ((models.unet, "denoising_unet"), (models.estimator, "estimator")):
        assert network is not None
        tensors: dict[str, Tensor] = {}
        for prefix in assembly[name]:
            tensors |= part(prefix)
        load_tensors(network, tensors, name)
    load_tensors(models.pose_controller, part("pose_guider"), "pose_guider")
    load_tensors(models.vae, part("vae"), "vae")
    load_tensors(models.image_encoder, part("image_encoder"), "image_encoder")
    return models.to("cpu", torch.float32)


@dataclass
class _Recorder:
    """Keeps what a run computes, under the bundle's names and in its layout."""

    wanted: set[str]
    values: dict[str, Tensor] = field(default_factory=dict)
    series: dict[str, list[Tensor]] = field(default_factory=dict)
    guidance_at: list[list[int]] = field(default_factory=list)
    halves: dict[str, Tensor] = field(default_factory=dict)

    def __call__(self, name: str, step: int, replay: int, value: Tensor) -> None:
        """The loop's trace."""
        if name in ("recon/latents", "edit/latents"):
            self.series.setdefault(name, []).append(video_layout(value))
        elif name.startswith("edit/probe/"):
            self._probe(name.removeprefix("edit/probe/"), step, replay, value)
        elif name.startswith("edit/up_ft"):
            kind, k = name.rsplit("/", 1)
            self._keep(f"{kind}/{step}.{replay}/{k}", video_layout(value))
        elif name.startswith("recon/buffer"):
            kind, layer = name.rsplit("/", 1)
            self._keep(f"{kind}/{step}/{layer}", value.clone())
        elif name == "recon/noise_pred":
            self._keep(f"{name}/{step}", video_layout(value))
        elif name == "edit/losses":
            self.guidance_at.append([step, replay])
            self.series.setdefault(name, []).append(value.double())
        else:
            if name == "edit/guidance":
                mean = value.double().abs().mean()
                self.series.setdefault("edit/guidance_mean_abs", []).append(mean)
            self._keep(f"{name}/{step}.{replay}", video_layout(value))

    def _probe(self, name: str, step: int, replay: int, value: Tensor) -> None:
        half, block = name.split("/")
        key = f"edit/probe/{step}/{block}"
        if replay or key not in self.wanted:
            return
        self.halves[f"{key}/{half}"] = video_layout(value)
        both = [self.halves.get(f"{key}/{which}") for which in ("uncond", "cond")]
        if both[0] is not None and both[1] is not None:
            self.values[key] = torch.cat([both[0], both[1]])

    def _keep(self, key: str, value: Tensor) -> None:
        if key in self.wanted:
            self.values[key] = value


def video_layout(value: Tensor) -> Tensor:
    """[frames, C, h, w] to the bundles' [1, C, frames, h, w], copied."""
    return value.transpose(0, 1).unsqueeze(0).clone()


def record(bundle: Bundle, models: ModelSet, plan: MemoryPlan | None = None) -> dict[str, Tensor]:
    """Run the released behaviour on the bundle's inputs; values for all its output keys.

    Two keys are ours: `clip/image_embeds` and `clip/pixel_values_frame0`, which the bundle keeps
    among its inputs.
    """
    options = bundle.options
    recorder = _Recorder(set(bundle.outputs))
    conditions = prepare(models, bundle.sampler_inputs(), options, plan=plan)
    start = initial_state(conditions, options)
    recorder.series["recon/latents"] = [video_layout(start.recon)]
    final = run(models, conditions, options, start, plan=plan, trace=recorder)
    values = recorder.values | _condition_values(conditions)
    schedule = Schedule(models.config.schedule, options.steps)
    values["schedule/timesteps"] = torch.tensor(schedule.timesteps)
    values["schedule/alphas_cumprod"] = schedule.alphas_cumprod
    values["edit/guidance_at"] = torch.tensor(recorder.guidance_at).reshape(-1, 2)
    empty = {"edit/losses": torch.zeros(0, 2), "edit/guidance_mean_abs": torch.zeros(0)}
    values |= empty | {key: torch.stack(items) for key, items in recorder.series.items()}
    for branch, latents in (("recon", final.recon), ("edit", final.edit)):
        values[f"{branch}/latents_final"] = video_layout(latents)
        if f"{branch}/video" in bundle.outputs:
            kept = bundle.outputs[f"{branch}/video"].shape[2]
            frames = [decode_latent(models.vae, latent) for latent in latents[:kept]]
            values[f"{branch}/video"] = video_layout(torch.stack(frames))
        steps = bundle.outputs.get(f"{branch}/latents_steps")
        if steps is not None:
            values[f"{branch}/latents"] = values[f"{branch}/latents"][steps]
            values[f"{branch}/latents_steps"] = steps
    first = bundle.inputs["source_images"][0].numpy()
    values["clip/pixel_values_frame0"] = clip_pixels(first).unsqueeze(0)
    ours = {key for key in values if key.startswith("clip/")}
    return {key: value for key, value in values.items() if key in recorder.wanted | ours}


def _condition_values(conditions: Conditions) -> dict[str, Tensor]:
    """Features of the whole clip under the bundle's names."""
    store, device = conditions.store, torch.device("cpu")
    everything = slice(None)
    values = {"clip/image_embeds": store.read("token", everything, device).squeeze(1)}
    source, target = (
        video_layout(store.read(f"pose.{side}", everything, device))
        for side in ("source", "target")
    )
    values |= {"recon/pose_fea": source, "edit/ref_pose_fea": source}
    values["edit/target_pose_fea"] = target
    for name in store.names():
        found = re.fullmatch(r"(estimator\.)?appearance\.(\d+)", name)
        if found:
            owner = "estimator" if found[1] else "unet"
            feature = video_layout(store.read(name, everything, device))
            values[f"{owner}/appearance/{found[2]}"] = feature
    return values


@dataclass(frozen=True)
class Difference:
    """Relative L2 difference of one key, and what is allowed."""

    stage: str
    key: str
    relative: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Within what is allowed; NaN is not."""
        return self.relative <= self.allowed


def compare(bundle: Bundle, mine: Mapping[str, Tensor]) -> list[Difference]:
    """Every key of the bundle's outputs against `mine`, in the order of the stages.

    A key that `mine` lacks, or that has another number of values, differs infinitely. Allowed is
    `FLOOR_FACTOR` times the bundle's measured float32 floor, and at least `TOLERANCE` (for keys
    stored in half precision `HALF_TOLERANCE`).
    """
    floor = bundle.config.get("float32_floor_rel_l2", {})
    clip = {
        f"clip/{name}": bundle.inputs[f"clip_{name}"]
        for name in ("image_embeds", "pixel_values_frame0")
        if f"clip_{name}" in bundle.inputs
    }
    found = []
    for key, reference in (bundle.outputs | clip).items():
        least = HALF_TOLERANCE if reference.dtype == torch.float16 else TOLERANCE
        allowed = max(least, FLOOR_FACTOR * floor.get(key, 0.0))
        relative = _relative(mine.get(key), reference)
        found.append(Difference(_stage(key), key, relative, allowed))
    order = [name for name, _ in STAGES]
    return sorted(found, key=lambda item: (order.index(item.stage), item.key))


def worst_by_stage(differences: list[Difference]) -> Iterator[Difference]:
    """For each stage the difference that is largest against what is allowed."""
    for name, _ in STAGES:
        of_stage = [item for item in differences if item.stage == name]
        if of_stage:
            yield max(of_stage, key=lambda item: item.relative / item.allowed)


def _stage(key: str) -> str:
    return next(name for name, pattern in STAGES if re.match(pattern, key))


def _relative(mine: Tensor | None, reference: Tensor) -> float:
    if mine is None:
        return float("inf")
    if mine.numel() != reference.numel() and mine.dim() == 5 and reference.dim() == 5:
        # Some bundles keep the first frames only.
        mine = mine[:, :, : reference.shape[2]]
    if mine.numel() != reference.numel():
        return float("inf")
    if not reference.numel():
        return 0.0
    x, y = mine.double().reshape(reference.shape), reference.double()
    return float((x - y).norm() / y.norm().clamp(min=1e-30))
