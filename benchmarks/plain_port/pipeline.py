"""The released loop: reconstruct all steps, keep everything, then edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.plain_port.networks import KeyStore, PlainUNet
from mf_backend.models.config import ModelConfig
from mf_backend.sampler.noise.schedule import Schedule

_FEATURES = (1, 2)


@dataclass
class PlainInputs:
    """What both passes are conditioned on; computed once, also in the released code.

    `token` [frames, 1, D], poses [frames, C, h, w], `pictures` [frames, 3, H, W] in [-1, 1],
    masks [frames, 1, H, W] 0 or 1.
    """

    token: Tensor
    source_pose: Tensor
    target_pose: Tensor
    pictures: Tensor
    source_mask: Tensor
    target_mask: Tensor


@dataclass
class PlainPort:
    """One edit. `denoiser` and `estimator` are separate networks."""

    config: ModelConfig
    denoiser: PlainUNet
    estimator: PlainUNet
    inputs: PlainInputs
    steps: int
    cfg: float
    energy_scale: float = 4.0
    camera: bool = False
    store: KeyStore = field(default_factory=KeyStore)
    latents: list[Tensor] = field(default_factory=list)
    """The reconstruction's latents before each step."""

    def __post_init__(self) -> None:
        self.schedule = Schedule(self.config.schedule, self.steps)
        self.store.masks = (self.inputs.source_mask, self.inputs.target_mask)

    def reconstruct_step(self, i: int, x: Tensor) -> Tensor:
        """Step i of the reconstruction of latents `x` [1, 4, frames, h, w]."""
        self.latents.append(x)
        t = self.schedule.timesteps[i]
        self.store.recording = True
        self.store.step = i if self.camera and i >= 20 else None
        with torch.no_grad():
            v, _ = self.denoiser(
                x, t, self.inputs.token, self.inputs.source_pose, self.inputs.pictures, self.store
            )
        self.store.step = None
        assert v is not None
        return self.schedule.step(t, x, v)

    def guided(self, i: int) -> bool:
        """Whether step i is guided."""
        return self.energy_scale != 0 and i < 30 and (i % 2 == 0 or i < 10)

    def replays(self, i: int) -> int:
        """How often step i is done."""
        return 3 if self.energy_scale != 0 and 20 < i < 30 and i % 2 == 0 else 1

    def edit_step(self, i: int, x: Tensor, noise: Callable[[], Tensor]) -> Tensor:
        """Step i of the edit; `noise` draws [1, 4, frames, h, w]."""
        inputs, schedule, t = self.inputs, self.schedule, self.schedule.timesteps[i]
        token = torch.cat([torch.zeros_like(inputs.token), inputs.token])
        replays = self.replays(i)
        for _ in range(replays):
            self.store.recording = False
            self.store.step = i if self.camera and i >= 20 else None
            with torch.no_grad():
                v, _ = self.denoiser(
                    torch.cat([x, x]), t, token, inputs.target_pose, inputs.pictures, self.store
                )
            self.store.step = None
            assert v is not None
            v = v[:1] + self.cfg * (v[1:] - v[:1])
            guided = v + self.guidance(i, x) if self.guided(i) else v
            x0, eps = schedule.clean(t, x, guided), schedule.noise(t, x, v)
            previous = schedule.previous(t)
            after = schedule.mix(previous, x0, eps)
            if 10 < i < 20:
                s = 0.4 * schedule.sigma(t)
                inside = schedule.mix(previous, x0, eps, s) + s * noise()
                after = torch.where(self._latent_mask(x) > 0, inside, after)
            if replays > 1:
                low = max(previous, 0)
                with torch.no_grad():
                    w, _ = self.denoiser(
                        after, low, inputs.token, inputs.target_pose, inputs.pictures
                    )
                assert w is not None
                x = schedule.mix(t, schedule.clean(low, after, w), schedule.noise(low, after, w))
        return after

    def _latent_mask(self, x: Tensor) -> Tensor:
        mask = functional.interpolate(self.inputs.target_mask, x.shape[3:])
        return mask.transpose(0, 1)[None]

    def guidance(self, i: int, x: Tensor) -> Tensor:
        """The score guidance at `x`, with the two gradients taken one after the other."""
        inputs, t = self.inputs, self.schedule.timesteps[i]
        with torch.no_grad():
            _, reference = self.estimator(
                self.latents[i],
                t,
                inputs.token,
                inputs.source_pose,
                inputs.pictures,
                features=_FEATURES,
            )
        with torch.enable_grad():
            x = x.detach().requires_grad_(True)
            _, edit = self.estimator(
                x, t, inputs.token, inputs.target_pose, inputs.pictures, features=_FEATURES
            )
            side = (2 * edit[-1].shape[2], 2 * edit[-1].shape[3])
            edit = [functional.interpolate(f, side) for f in edit]
            reference = [functional.interpolate(f, side) for f in reference]
            source, target = (
                functional.interpolate(m, side)[:, 0] > 0
                for m in (inputs.source_mask, inputs.target_mask)
            )
            foreground = sum(_foreground(*pair, source, target) for pair in _pairs(edit, reference))
            background = sum(_background(*pair, source, target) for pair in _pairs(edit, reference))
            scale = self.energy_scale * 1000
            (fg,) = torch.autograd.grad(foreground * scale, x, retain_graph=True)
            (bg,) = torch.autograd.grad(background * scale, x)
        mask = self._latent_mask(x)
        return 0.04 * (mask * fg + (1 - mask) * bg)


def _pairs(edit: list[Tensor], reference: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return list(zip(edit, reference, strict=True))


def _means(values: Tensor, mask: Tensor) -> Tensor:
    """Per frame, the mean of `values` [F, C, h, w] over a mask [F, h, w]: [F, C]."""
    if values.is_meta:
        # Nothing can be counted there: as if a quarter of the pixels were inside.
        some = torch.empty(mask[0].numel() // 4, dtype=torch.int64, device=values.device)
        return torch.stack([value.flatten(1)[:, some].mean(1) for value in values])
    return torch.stack(
        [value[:, inside].mean(1) for value, inside in zip(values, mask, strict=True)]
    )


def _foreground(edit: Tensor, reference: Tensor, source: Tensor, target: Tensor) -> Tensor:
    cos = functional.cosine_similarity(_means(edit, target), _means(reference, source), dim=1)
    return 0.5 * 4.0 / (1 + 4 * cos.mean())


def _background(edit: Tensor, reference: Tensor, source: Tensor, target: Tensor) -> Tensor:
    vacated, common = source & ~target, ~source & ~target
    pixels = functional.cosine_similarity(edit, reference, dim=1)[:, None]
    content = 0.5 * 6.0 / (1 + 4 * _means(pixels, vacated).mean())
    contrast = 0.5 * 1.2 * _means((pixels + 1) / 2, common).mean()
    cos = functional.cosine_similarity(_means(edit, vacated), _means(reference, ~source), dim=1)
    inpaint = 1.2 / (1 + 4 * ((cos + 1) / 2).mean())
    return content + contrast + inpaint


def plain_unet(config: ModelConfig, tensors: dict[str, Tensor], trainable: bool) -> PlainUNet:
    """A network holding copies of `tensors`, contiguous; `trainable` as the released estimator."""
    with torch.device("meta"):
        network = PlainUNet(config)
    network.load_state_dict(
        {k: v.detach().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()},
        assign=True,
    )
    return network.requires_grad_(trainable).train(trainable)
