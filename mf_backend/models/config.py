"""Frozen configurations of every network; the tiny and the full model differ in nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.build import Part, build, ruled
from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.checks.rules import Choice, Items, Number, Switch, Text, Whole
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import MOST_STEPS, START_STRENGTH

CONFIG_NAME = "model.json"
LARGEST_CONFIG = 1 << 20
"""Bytes that a configuration may have."""
_HINT = "Import the weights again with `python -m mf_backend weights import`."
_PUBLISHED_HINT = "Download the published folder again, whole."
_LEVELS = 4
"""Of every network: pictures are padded to 64 pixels, 8 of a latent and 8 of three halvings."""
_CHANNELS = Whole(1, 64)
_LAYERS = Whole(1, 16)
_HEADS = Whole(1, 256)
_WIDTH = Whole(1, 16384)
_TYPES = Items(Text(), _LEVELS, _LEVELS)
_WIDTHS = Items(_WIDTH, _LEVELS, _LEVELS)
_ATTENTION = Items(Switch(), _LEVELS, _LEVELS)
_BETA = Number(1e-9, 0.999)
_ACTIVATION = Choice(("gelu", "gelu_fast", "gelu_new", "quick_gelu", "relu", "silu"))


@dataclass(frozen=True)
class UNetConfig:
    """The spatial UNet, in the terms of Stable Diffusion 1.x.

    `heads` is the number of attention heads, which the published configuration calls
    `attention_head_dim`. `down_attention` says for each down block whether it has attention.
    The up blocks mirror it.
    """

    in_channels: int = ruled(_CHANNELS, 4)
    out_channels: int = ruled(_CHANNELS, 4)
    block_out_channels: tuple[int, ...] = ruled(_WIDTHS, (320, 640, 1280, 1280))
    down_attention: tuple[bool, ...] = ruled(_ATTENTION, (True, True, True, False))
    layers_per_block: int = ruled(_LAYERS, 2)
    heads: int = ruled(_HEADS, 8)
    cross_attention_dim: int = ruled(_WIDTH, 768)
    norm_groups: int = ruled(_WIDTH, 32)
    norm_eps: float = ruled(Number(1e-12, 1), 1e-5)
    downsample_padding: int = ruled(Whole(0, 8), 1)
    flip_sin_to_cos: bool = ruled(Switch(), True)
    freq_shift: int = ruled(Whole(0, 1000), 0)


@dataclass(frozen=True)
class MotionConfig:
    """The temporal transformers. `heads` and `norm_groups` are not tied to the UNet's."""

    heads: int = ruled(_HEADS, 8)
    attention_layers: int = ruled(_LAYERS, 2)
    max_frames: int = ruled(Whole(1, 4096), 32)
    norm_groups: int = ruled(_WIDTH, 32)


@dataclass(frozen=True)
class AppearanceConfig:
    """The appearance controller: pixel-unshuffle, then stages of residual blocks."""

    channels: tuple[int, ...] = ruled(_WIDTHS, (320, 640, 1280, 1280))
    blocks_per_stage: int = ruled(_LAYERS, 2)
    unshuffle: int = ruled(Whole(1, 64), 8)


@dataclass(frozen=True)
class PoseConfig:
    """The pose controller: widths of its convolutions and of its output."""

    out_channels: int = ruled(_WIDTH, 320)
    block_out_channels: tuple[int, ...] = ruled(_WIDTHS, (16, 32, 96, 256))


@dataclass(frozen=True)
class VAEConfig:
    """The autoencoder, in the terms of diffusers' AutoencoderKL.

    `encoder` is "kl" for that one's own, or "patches" for one linear map of patches
    (`mf_backend.models.patches`).
    """

    block_out_channels: tuple[int, ...] = ruled(_WIDTHS, (128, 256, 512, 512))
    layers_per_block: int = ruled(_LAYERS, 2)
    latent_channels: int = ruled(_CHANNELS, 4)
    norm_groups: int = ruled(_WIDTH, 32)
    sample_size: int = ruled(_WIDTH, 256)
    scaling_factor: float = ruled(Number(1e-6, 1000), 0.18215)
    encoder: str = ruled(Choice(("kl", "patches")), "kl")


@dataclass(frozen=True)
class ImageEncoderConfig:
    """The CLIP vision tower with projection, in the terms of transformers' CLIPVisionConfig."""

    hidden_size: int = ruled(_WIDTH, 1024)
    intermediate_size: int = ruled(Whole(1, 65536), 4096)
    num_hidden_layers: int = ruled(Whole(1, 128), 24)
    num_attention_heads: int = ruled(_HEADS, 16)
    patch_size: int = ruled(Whole(1, 1024), 14)
    image_size: int = ruled(Whole(1, 4096), 224)
    projection_dim: int = ruled(_WIDTH, 768)
    hidden_act: str = ruled(_ACTIVATION, "quick_gelu")


@dataclass(frozen=True)
class ScheduleConfig:
    """The noise schedule that the network was trained for."""

    train_timesteps: int = ruled(Whole(MOST_STEPS, 100_000), 1000)
    beta_start: float = ruled(_BETA, 0.00085)
    beta_end: float = ruled(_BETA, 0.012)
    beta_schedule: str = ruled(Choice(("linear", "scaled_linear", "squaredcos_cap_v2")), "linear")
    prediction_type: str = ruled(Choice(("v_prediction",)), "v_prediction")
    rescale_betas_zero_snr: bool = ruled(Switch(), True)
    timestep_spacing: str = ruled(Choice(("leading", "linspace", "trailing")), "trailing")
    steps_offset: int = ruled(Whole(0, 1), 1)


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is needed to build the networks; the defaults are the full size."""

    unet: UNetConfig = ruled(Part(UNetConfig), make=UNetConfig)
    motion: MotionConfig = ruled(Part(MotionConfig), make=MotionConfig)
    appearance: AppearanceConfig = ruled(Part(AppearanceConfig), make=AppearanceConfig)
    pose: PoseConfig = ruled(Part(PoseConfig), make=PoseConfig)
    vae: VAEConfig = ruled(Part(VAEConfig), make=VAEConfig)
    image_encoder: ImageEncoderConfig = ruled(Part(ImageEncoderConfig), make=ImageEncoderConfig)
    schedule: ScheduleConfig = ruled(Part(ScheduleConfig), make=ScheduleConfig)
    picture_side: int = ruled(Whole(64, 4096), 512)
    """Side in pixels of the square pictures that the networks were trained on."""
    start_strength: float = ruled(START_STRENGTH, 1.0)
    """How much noise is put on the pictures that a denoising starts from, where nobody says."""

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plain

    @staticmethod
    def from_dict(values: Any, place: str = CONFIG_NAME) -> ModelConfig:
        """From what `to_dict` gave; unknown fields are ignored, missing ones take the default.

        Raises InputError naming the field of `place` that is wrong.
        """
        config = build(ModelConfig, values, Field("", place, "model-config", _HINT))
        _check_sizes(config, place)
        return config

    @staticmethod
    def from_file(path: Path) -> ModelConfig:
        """From a `model.json`; InputError where it cannot be read or names no such networks."""
        try:
            values = read_json(path, LARGEST_CONFIG)
        except ValueError as error:
            raise InputError("model-config", f"{path} could not be read: {error}.", _HINT) from None
        return ModelConfig.from_dict(values, str(path))

    @staticmethod
    def from_folder(folder: Path) -> ModelConfig:
        """From the `model.json` of a weights folder; raises as `from_file`."""
        return ModelConfig.from_file(folder / CONFIG_NAME)


_DEFAULT = ModelConfig()


def _check_sizes(config: ModelConfig, place: str) -> None:
    """Refuse sizes that do not belong together. Raises InputError naming the first of them."""
    unet, motion, vae, encoder = config.unet, config.motion, config.vae, config.image_encoder
    widths = unet.block_out_channels
    parts = {
        "unet.heads": (unet.heads, widths),
        "unet.norm_groups": (unet.norm_groups, widths),
        "motion.heads": (motion.heads, widths),
        "motion.norm_groups": (motion.norm_groups, widths),
        "vae.norm_groups": (vae.norm_groups, vae.block_out_channels),
        "image_encoder.num_attention_heads": (encoder.num_attention_heads, (encoder.hidden_size,)),
    }
    for name, (parts_of, wholes) in parts.items():
        whole = next((whole for whole in wholes if whole % parts_of), None)
        if whole is not None:
            raise _size_error(place, name, f"must divide {whole}, and {parts_of} does not")
    equal: dict[str, tuple[Any, Any, str]] = {
        "unet.block_out_channels": (
            tuple(width - width % 2 for width in widths),
            widths,
            "even numbers",
        ),
        "appearance.channels": (widths, config.appearance.channels, "unet.block_out_channels"),
        "pose.out_channels": (widths[0], config.pose.out_channels, "the first width of the unet"),
        "vae.latent_channels": (unet.in_channels, vae.latent_channels, "unet.in_channels"),
        "unet.out_channels": (unet.in_channels, unet.out_channels, "unet.in_channels"),
        "appearance.unshuffle": (
            2 ** (_LEVELS - 1),
            config.appearance.unshuffle,
            "how much smaller the latents are",
        ),
        "image_encoder.projection_dim": (
            unet.cross_attention_dim,
            encoder.projection_dim,
            "unet.cross_attention_dim",
        ),
    }
    for name, (wanted, found, like) in equal.items():
        if wanted != found:
            raise _size_error(place, name, f"must be {_said(wanted)} ({like}), not {_said(found)}")
    if encoder.patch_size > encoder.image_size:
        text = f"must be at most image_size, {encoder.image_size}, not {encoder.patch_size}"
        raise _size_error(place, "image_encoder.patch_size", text)
    if config.schedule.beta_start > config.schedule.beta_end:
        raise _size_error(place, "schedule.beta_start", "must not be above schedule.beta_end")


def _said(value: int | tuple[int, ...]) -> str:
    return str(list(value) if isinstance(value, tuple) else value)


def _size_error(place: str, name: str, text: str) -> InputError:
    return Field(name, place, "model-config", _HINT).error(text)


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
    place: str = "the published configuration",
) -> ModelConfig:
    """From configurations as published: diffusers' and transformers' `config.json` contents.

    `motion` is AnimateDiff's `motion_module_kwargs`, `appearance` has `cin`, `channels` and
    `nums_rb`, `pose` the arguments of a conditioning embedding. A part that is None takes the
    full model's size, with the pose and appearance widths following the UNet's. Raises InputError
    naming the field of `place` that is missing or wrong.
    """
    widths = _published(unet, "block_out_channels", _WIDTHS, place)
    attention = {}
    if "down_block_types" in unet:
        types = _published(unet, "down_block_types", _TYPES, place)
        attention = {"down_attention": [name.startswith("CrossAttn") for name in types]}
    temporal, stages, guider = motion or {}, appearance or {}, pose or {}
    layers = temporal.get("attention_block_types", ("self", "self"))
    values: dict[str, Any] = {
        "unet": _renamed(unet, attention_head_dim="heads", norm_num_groups="norm_groups")
        | attention,
        "motion": _renamed(
            temporal,
            num_attention_heads="heads",
            temporal_position_encoding_max_len="max_frames",
        )
        | {"attention_layers": len(layers) if isinstance(layers, list | tuple) else layers},
        "appearance": {"channels": widths} | _renamed(stages, nums_rb="blocks_per_stage"),
        "pose": {"out_channels": widths[0]}
        | _renamed(guider, conditioning_embedding_channels="out_channels"),
        "vae": _renamed(vae or {}, norm_num_groups="norm_groups"),
        "image_encoder": dict(image_encoder or {}),
        "schedule": _renamed(schedule or {}, num_train_timesteps="train_timesteps"),
    }
    return ModelConfig.from_dict(values, place)


def _published(values: Mapping[str, Any], name: str, rule: Items, place: str) -> tuple[Any, ...]:
    field = Field(f"unet.{name}", place, "model-config", _PUBLISHED_HINT)
    if name not in values:
        raise field.error(f"is missing; it must be {rule.words}")
    return rule.read(values[name], field)


def _renamed(values: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """The published values under our names, where these differ."""
    return {names.get(name, name): value for name, value in values.items()}
