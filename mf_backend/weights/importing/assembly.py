"""Putting published tensors together into the networks' own, with everything accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from mf_backend.contracts.errors import InputError
from mf_backend.models.config import ModelConfig
from mf_backend.models.key_map import ignorable, to_ours
from mf_backend.models.model_set import build_models, build_unet
from mf_backend.weights.weight_set import Network

_ADAPTER = "appearance_adapter."
_OLD_VAE_NAMES = (
    (".query.", ".to_q."),
    (".key.", ".to_k."),
    (".value.", ".to_v."),
    (".proj_attn.", ".to_out.0."),
)
ADAPTER_SEED = 42
"""The released script's default seed, from which its second network's adapter starts."""


@dataclass
class Account:
    """What did not fit, by network; empty lists mean that everything did."""

    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    not_finite: list[str] = field(default_factory=list)

    def check(self, allow_unexpected: bool) -> None:
        """Raise InputError naming every tensor that is wrong."""
        parts = [
            f"{len(names)} {what}: {', '.join(names)}"
            for what, names in (
                ("missing", self.missing),
                ("unexpected", [] if allow_unexpected else self.unexpected),
                ("of another shape or kind", self.misshapen),
                ("with values that are not finite", self.not_finite),
            )
            if names
        ]
        if parts:
            only_unexpected = not (self.missing or self.misshapen or self.not_finite)
            raise InputError(
                "weights-mismatch",
                f"The published files do not fit the model: {'; '.join(parts)}.",
                "Add --allow-unexpected to leave out what the model has no place for."
                if only_unexpected
                else "Check that all files belong to MotionFollower and are whole.",
            )


def _vae_name(name: str) -> str:
    """Names of attention layers as current diffusers has them."""
    for old, new in _OLD_VAE_NAMES:
        name = name.replace(old, new)
    return name


def _fit(
    label: str,
    expected: Mapping[str, Tensor],
    tensors: Mapping[str, Tensor],
    account: Account,
) -> dict[str, Tensor]:
    """The expected tensors out of `tensors`; what is amiss goes into the account."""
    chosen: dict[str, Tensor] = {}
    for name, place in expected.items():
        tensor = tensors.get(name)
        if tensor is None:
            account.missing.append(f"{label}/{name}")
        elif tensor.shape != place.shape:
            account.misshapen.append(f"{label}/{name} {list(tensor.shape)} for {list(place.shape)}")
        elif place.is_floating_point() and not tensor.is_floating_point():
            kind = str(tensor.dtype).removeprefix("torch.")
            account.misshapen.append(f"{label}/{name} of {kind} numbers, without fractions")
        else:
            chosen[name] = tensor
    account.unexpected += [
        f"{label}/{name}" for name in tensors if name not in expected and not ignorable(name)
    ]
    return chosen


def assemble(
    config: ModelConfig,
    published: Mapping[str, Mapping[str, Tensor]],
    *,
    released: bool,
    allow_unexpected: bool = False,
) -> dict[Network, dict[str, Tensor]]:
    """Tensors of every network under our names.

    `published` has the labels of `Sources.files`. The denoiser is the base UNet overridden by the
    motion module's file, overridden by the denoiser's own; the released sampler's second network
    (`released`) is the base UNet and the motion module's file only, and the appearance adapter
    that no file gives it is untrained, from a fixed seed. Raises InputError naming every tensor
    that is missing, unexpected, misshapen or not finite.
    """
    models = build_models(config, device="meta")
    account = Account()
    blocks = config.appearance.blocks_per_stage
    ours = {
        label: {to_ours(name, blocks): tensor for name, tensor in published[label].items()}
        for label in ("base_unet", "motion_module", "denoising_unet")
    }
    base_and_motion = ours["base_unet"] | ours["motion_module"]
    vae = {
        _vae_name(name): tensor.flatten(1)
        if tensor.dim() == 4 and any(old in name for old, _ in _OLD_VAE_NAMES)
        else tensor
        for name, tensor in published["vae"].items()
    }
    places = {name: module.state_dict() for name, module in models.named().items()}
    sets = {
        Network.UNET: _fit(
            "unet", places["unet"], base_and_motion | ours["denoising_unet"], account
        ),
        Network.POSE_CONTROLLER: _fit(
            "pose_controller", places["pose_controller"], published["pose_controller"], account
        ),
        Network.VAE: _fit("vae", places["vae"], vae, account),
        Network.IMAGE_ENCODER: _fit(
            "image_encoder", places["image_encoder"], published["image_encoder"], account
        ),
    }
    account.check(allow_unexpected)
    if released:
        adapter = {k: v for k, v in base_and_motion.items() if k.startswith(_ADAPTER)}
        whole = base_and_motion | (adapter or _untrained_adapter(config))
        sets[Network.ESTIMATOR] = _fit("estimator", places["unet"], whole, account)
        account.check(allow_unexpected)
    for network, tensors in sets.items():
        account.not_finite += [
            f"{network}/{name}" for name, tensor in tensors.items() if not _finite(tensor)
        ]
    account.check(allow_unexpected)
    return sets


def _finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _untrained_adapter(config: ModelConfig) -> dict[str, Tensor]:
    with torch.device("meta"):
        adapter = build_unet(config).appearance_adapter
    adapter.to_empty(device="cpu")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(ADAPTER_SEED)
        for module in adapter.modules():
            if isinstance(module, nn.Conv2d):
                module.reset_parameters()
    return {f"{_ADAPTER}{name}": tensor for name, tensor in adapter.state_dict().items()}
