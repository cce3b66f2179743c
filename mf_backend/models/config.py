"""Frozen configurations of every network; the tiny and the full model differ in nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError

CONFIG_NAME = "model.json"


@dataclass(frozen=True)
class UNetConfig:
    """The spatial UNet, in the terms of Stable Diffusion 1.x.

    `heads` is the number of attention heads, which the published configuration calls
    `attention_head_dim`. `down_attention` says for each down block whether it has attention.
    The up blocks mirror it.
    """

    in_channels: int = 4
    out_channels: int = 4
    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    down_attention: tuple[bool, ...] = (True, True, True, False)
    layers_per_block: int = 2
    heads: int = 8
    cross_attention_dim: int = 768
    norm_groups: int = 32
    norm_eps: float = 1e-5
    downsample_padding: int = 1
    flip_sin_to_cos: bool = True
    freq_shift: int = 0


@dataclass(frozen=True)
class MotionConfig:
    """The temporal transformers. `heads` and `norm_groups` are not tied to the UNet's."""

    heads: int = 8
    attention_layers: int = 2
    max_frames: int = 32
    norm_groups: int = 32


@dataclass(frozen=True)
class AppearanceConfig:
    """The appearance controller: pixel-unshuffle, then stages of residual blocks."""

    channels: tuple[int, ...] = (320, 640, 1280, 1280)
    blocks_per_stage: int = 2
    unshuffle: int = 8


@dataclass(frozen=True)
class PoseConfig:
    """The pose controller: widths of its convolutions and of its output."""

    out_channels: int = 320
    block_out_channels: tuple[int, ...] = (16, 32, 96, 256)


@dataclass(frozen=True)
class VAEConfig:
    """The autoencoder, in the terms of diffusers' AutoencoderKL."""

    block_out_channels: tuple[int, ...] = (128, 256, 512, 512)
    layers_per_block: int = 2
    latent_channels: int = 4
    norm_groups: int = 32
    sample_size: int = 256
    scaling_factor: float = 0.18215


@dataclass(frozen=True)
class ImageEncoderConfig:
    """The CLIP vision tower with projection, in the terms of transformers' CLIPVisionConfig."""

    hidden_size: int = 1024
    intermediate_size: int = 4096
    num_hidden_layers: int = 24
    num_attention_heads: int = 16
    patch_size: int = 14
    image_size: int = 224
    projection_dim: int = 768
    hidden_act: str = "quick_gelu"


@dataclass(frozen=True)
class ScheduleConfig:
    """The noise schedule that the network was trained for."""

    train_timesteps: int = 1000
    beta_start: float = 0.00085
    beta_end: float = 0.012
    beta_schedule: str = "linear"
    prediction_type: str = "v_prediction"
    rescale_betas_zero_snr: bool = True
    timestep_spacing: str = "trailing"
    steps_offset: int = 1


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is needed to build the networks; the defaults are the full size."""

    unet: UNetConfig = field(default_factory=UNetConfig)
    motion: MotionConfig = field(default_factory=MotionConfig)
    appearance: AppearanceConfig = field(default_factory=AppearanceConfig)
    pose: PoseConfig = field(default_factory=PoseConfig)
    vae: VAEConfig = field(default_factory=VAEConfig)
    image_encoder: ImageEncoderConfig = field(default_factory=ImageEncoderConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ModelConfig:
        """From what `to_dict` gave; unknown fields are ignored, missing ones take the default."""
        parts = {
            item.name: _from_plain(type(getattr(_DEFAULT, item.name)), values.get(item.name, {}))
            for item in fields(ModelConfig)
        }
        return ModelConfig(**parts)

    @staticmethod
    def from_folder(folder: Path) -> ModelConfig:
        """From the `model.json` of a weights folder; InputError where it cannot be read."""
        path = folder / CONFIG_NAME
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                "model-config",
                f"{path} could not be read: {error}.",
                "Import the weights again with `python -m mf_backend weights import`.",
            ) from error
        return ModelConfig.from_dict(values)


_DEFAULT = ModelConfig()


def _from_plain(kind: type, values: Mapping[str, Any]) -> Any:
    known = {item.name for item in fields(kind)}
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in known
        }
    )


def full_config() -> ModelConfig:
    """The published model's sizes."""
    return _DEFAULT


def tiny_config() -> ModelConfig:
    """Every kind of layer of the full model at a width that runs in milliseconds."""
    widths = (32, 64, 64, 64)
    return ModelConfig(
        unet=UNetConfig(block_out_channels=widths, heads=4, cross_attention_dim=32, norm_groups=8),
        appearance=AppearanceConfig(channels=widths),
        pose=PoseConfig(out_channels=32, block_out_channels=(8, 16, 24, 32)),
        vae=VAEConfig(
            block_out_channels=(8, 8, 16, 16), layers_per_block=1, norm_groups=4, sample_size=128
        ),
        image_encoder=ImageEncoderConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            patch_size=32,
            projection_dim=32,
        ),
    )


def from_published(
    unet: Mapping[str, Any],
    *,
    motion: Mapping[str, Any] | None = None,
    appearance: Mapping[str, Any] | None = None,
    pose: Mapping[str, Any] | None = None,
    vae: Mapping[str, Any] | None = None,
    image_encoder: Mapping[str, Any] | None = None,
    schedule: Mapping[str, Any] | None = None,
) -> ModelConfig:
    """From configurations as published: diffusers' and transformers' `config.json` contents.

    `motion` is AnimateDiff's `motion_module_kwargs`, `appearance` has `cin`, `channels` and
    `nums_rb`, `pose` the arguments of a conditioning embedding. A part that is None takes the
    full model's size, with the pose and appearance widths following the UNet's.
    """
    widths = tuple(unet["block_out_channels"])
    temporal = motion or {}
    stages = appearance or {"channels": widths}
    guider = pose or {"conditioning_embedding_channels": widths[0]}
    autoencoder = dict(vae or {})
    if "norm_num_groups" in autoencoder:
        autoencoder["norm_groups"] = autoencoder["norm_num_groups"]
    noise = dict(schedule or {})
    if "num_train_timesteps" in noise:
        noise["train_timesteps"] = noise["num_train_timesteps"]
    default = UNetConfig()
    down_types = unet.get("down_block_types")
    return ModelConfig(
        unet=UNetConfig(
            in_channels=unet.get("in_channels", default.in_channels),
            out_channels=unet.get("out_channels", default.out_channels),
            block_out_channels=widths,
            down_attention=default.down_attention
            if down_types is None
            else tuple(name.startswith("CrossAttn") for name in down_types),
            layers_per_block=unet.get("layers_per_block", default.layers_per_block),
            heads=unet.get("attention_head_dim", default.heads),
            cross_attention_dim=unet.get("cross_attention_dim", default.cross_attention_dim),
            norm_groups=unet.get("norm_num_groups", default.norm_groups),
            norm_eps=unet.get("norm_eps", default.norm_eps),
            downsample_padding=unet.get("downsample_padding", default.downsample_padding),
            flip_sin_to_cos=unet.get("flip_sin_to_cos", default.flip_sin_to_cos),
            freq_shift=unet.get("freq_shift", default.freq_shift),
        ),
        motion=MotionConfig(
            heads=temporal.get("num_attention_heads", 8),
            attention_layers=len(temporal.get("attention_block_types", ("self", "self"))),
            max_frames=temporal.get("temporal_position_encoding_max_len", 32),
        ),
        appearance=AppearanceConfig(
            channels=tuple(stages["channels"]), blocks_per_stage=stages.get("nums_rb", 2)
        ),
        pose=PoseConfig(
            out_channels=guider["conditioning_embedding_channels"],
            block_out_channels=tuple(guider.get("block_out_channels", (16, 32, 96, 256))),
        ),
        vae=_from_plain(VAEConfig, autoencoder),
        image_encoder=_from_plain(ImageEncoderConfig, image_encoder or {}),
        schedule=_from_plain(ScheduleConfig, noise),
    )
