"""All networks of one model, and how they are built, filled and moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mf_backend.contracts.checks.fields import listed
from mf_backend.contracts.errors import InputError
from mf_backend.models.config import ModelConfig
from mf_backend.models.denoiser.unet import MotionUNet
from mf_backend.models.patches import PatchEncoder


@dataclass
class ModelSet:
    """The networks. `estimator` is a second UNet for the guidance, in the released behaviour.

    Where it is None the denoiser's own weights serve the guidance. `vae` is diffusers'
    AutoencoderKL, `image_encoder` transformers' CLIPVisionModelWithProjection and
    `pose_controller` diffusers' ControlNetConditioningEmbedding.
    """

    config: ModelConfig
    unet: MotionUNet
    pose_controller: Any
    vae: Any
    image_encoder: Any
    estimator: MotionUNet | None = None

    def named(self) -> dict[str, nn.Module]:
        """The networks by the names of a weights folder."""
        networks = {
            "unet": self.unet,
            "pose_controller": self.pose_controller,
            "vae": self.vae,
            "image_encoder": self.image_encoder,
        }
        if self.estimator is not None:
            networks["estimator"] = self.estimator
        return networks

    def to(self, device: torch.device | str, dtype: torch.dtype) -> ModelSet:
        """Move and convert in place, with convolution weights channels-last."""
        for network in self.named().values():
            # The plain method: a diffusers model overrides it with one that warns needlessly.
            move: Any = nn.Module.to
            move(network, device=device, dtype=dtype, memory_format=torch.channels_last)
        return self

    def denoisers(self) -> list[MotionUNet]:
        """What the denoising runs: the UNet, and the estimator where there is one."""
        return [self.unet, *([] if self.estimator is None else [self.estimator])]

    def outside_denoising(self) -> list[nn.Module]:
        """What runs only before the denoising (image encoder, pose, appearance) or after (VAE)."""
        adapters = [unet.appearance_adapter for unet in self.denoisers()]
        return [self.pose_controller, self.vae, self.image_encoder, *adapters]

    @property
    def device(self) -> torch.device:
        """Where the UNet is."""
        return self.unet.conv_in.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What the UNet computes in."""
        return self.unet.conv_in.weight.dtype


def build_unet(config: ModelConfig) -> MotionUNet:
    """One UNet (denoiser or estimator) with frozen weights, in evaluation mode."""
    network: MotionUNet = _frozen(MotionUNet(config.unet, config.motion, config.appearance))
    return network


def build_pose_controller(config: ModelConfig) -> Any:
    """Seven convolutions with SiLU and one more: pose pictures to features at latent size."""
    from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding

    return _frozen(
        ControlNetConditioningEmbedding(
            config.pose.out_channels, 3, tuple(config.pose.block_out_channels)
        )
    )


def build_vae(config: ModelConfig) -> Any:
    """The autoencoder between pictures and latents."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    vae = config.vae
    levels = len(vae.block_out_channels)
    own = vae.encoder == "kl"
    network: Any = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=tuple(vae.block_out_channels),
        layers_per_block=vae.layers_per_block,
        latent_channels=vae.latent_channels,
        norm_num_groups=vae.norm_groups,
        sample_size=vae.sample_size,
        scaling_factor=vae.scaling_factor,
        use_quant_conv=own,
        use_post_quant_conv=own,
    )
    if not own:
        network.encoder = PatchEncoder(vae.latent_channels, 2 ** (levels - 1))
    return _frozen(network)


def build_image_encoder(config: ModelConfig) -> Any:
    """CLIP's vision tower with projection."""
    from dataclasses import asdict

    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    return _frozen(CLIPVisionModelWithProjection(CLIPVisionConfig(**asdict(config.image_encoder))))


def build_models(
    config: ModelConfig,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    estimator: bool = False,
) -> ModelSet:
    """Every network of `config` with untrained weights; `device` may be "meta".

    On the meta device nothing is allocated: fill it with `load_state_dict(..., assign=True)`.
    """
    with torch.device(device):
        models = ModelSet(
            config,
            build_unet(config),
            build_pose_controller(config),
            build_vae(config),
            build_image_encoder(config),
            build_unet(config) if estimator else None,
        )
    return models.to(device, dtype)


def load_tensors(network: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    """Put `tensors` (our names) into `network`, whole; works on the meta device.

    Raises InputError naming every missing, unexpected or misshapen tensor.
    """
    expected = network.state_dict()
    missing = sorted(set(expected) - set(tensors))
    unexpected = sorted(set(tensors) - set(expected))
    both = sorted(set(expected) & set(tensors))
    misshapen = [key for key in both if expected[key].shape != tensors[key].shape]
    whole = [
        key
        for key in both
        if expected[key].is_floating_point() and not tensors[key].is_floating_point()
    ]
    if missing or unexpected or misshapen or whole:
        raise InputError(
            "weights-mismatch",
            f"The weights of {name} do not fit: missing {_some(missing)}, unexpected "
            f"{_some(unexpected)}, of another shape {_some(misshapen)}, without fractions "
            f"{_some(whole)}.",
            "Import the weights again with `python -m mf_backend weights import`.",
        )
    network.load_state_dict(dict(tensors), strict=True, assign=True)
    # `assign` brings parameters that require gradients.
    network.requires_grad_(False)


def random_models(
    config: ModelConfig,
    seed: int,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    estimator: bool = False,
) -> ModelSet:
    """Networks whose every weight is random, also those that training starts at zero.

    Weights have a standard deviation of 1 / sqrt(fan in), norms are 1 +- 0.2, biases 0.1, so
    that every layer counts and activations stay near 1. The same seed gives the same weights.
    """
    models = build_models(config, estimator=estimator)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, network in sorted(models.named().items()):
            for name, tensor in network.named_parameters():
                noise = torch.randn(tensor.shape, generator=generator)
                if tensor.dim() > 1:
                    tensor.copy_(noise / tensor[0].numel() ** 0.5)
                elif name.endswith("weight"):
                    tensor.copy_(1 + 0.2 * noise)
                else:
                    tensor.copy_(0.1 * noise)
    return models.to(device, dtype)


def _some(names: list[str]) -> str:
    """Names for a sentence."""
    return listed(names) or "none"


def _frozen(network: Any) -> Any:
    return network.requires_grad_(False).eval()
