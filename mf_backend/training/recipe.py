"""How to train: every number of it, as data that is kept beside the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from mf_backend.contracts.checks.build import build, ruled
from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.rules import SEED_LIMIT, Number, Switch, Whole
from mf_backend.contracts.files import hash_value
from mf_backend.models.config import (
    AppearanceConfig,
    ImageEncoderConfig,
    ModelConfig,
    MotionConfig,
    PoseConfig,
    UNetConfig,
    VAEConfig,
)

_STEPS = Whole(0, 100_000_000)
_SHARE = Number(0, 1)


class Stage(StrEnum):
    """What is learnt, in this order."""

    DECODER = "decoder"
    """From latents to pictures."""
    IMAGES = "images"
    """UNet, pose and reference controllers and image encoder, by single frames."""
    CLIPS = "clips"
    """The motion modules, by short clips."""


@dataclass(frozen=True)
class Recipe:
    """Steps of each stage, what a batch is, and how weights follow from losses."""

    seed: int = ruled(Whole(0, SEED_LIMIT), 0)
    decoder_steps: int = ruled(_STEPS, 4000)
    image_steps: int = ruled(_STEPS, 40_000)
    clip_steps: int = ruled(_STEPS, 5000)
    batch: int = ruled(Whole(1, 4096), 12)
    """Pictures of a batch of the first two stages."""
    clips: int = ruled(Whole(1, 1024), 2)
    """Clips of a batch of the last stage."""
    clip_frames: int = ruled(Whole(2, 256), 8)
    rate: float = ruled(Number(1e-8, 1), 9e-4)
    """Of AdamW: it rises over `warm_up` steps and falls to 0 over the stage's last fifth."""
    warm_up: int = ruled(Whole(1, 100_000), 200)
    largest_gradient: float = ruled(Number(1e-6, 1e6), 1.0)
    average: float = ruled(Number(0, 0.99999), 0.999)
    """Share of the averaged weights that stays in a step, once there were enough steps."""
    most_snr: float = ruled(Number(1e-3, 1e9, zero="no limit"), 5.0)
    """Signal to noise from which a timestep no longer weighs more (min-SNR)."""
    last_timestep: float = ruled(_SHARE, 0.05)
    """Share of pictures that are nothing but noise; the other timesteps are uniform."""
    token_dropped: float = ruled(_SHARE, 0.1)
    reference_dropped: float = ruled(_SHARE, 0.03)
    """Share that sees neither token nor features of the reference."""
    own_reference: float = ruled(_SHARE, 0.1)
    """Share whose reference is the wanted frame itself, as in the reconstruction branch."""
    from_preview: float = ruled(_SHARE, 0.0)
    """Share of samples in which noise is put on the preview's picture instead of the truth, as
    where a denoising starts from it; only of shots that have previews."""
    person_weight: float = ruled(Number(1, 1000), 3.0)
    """What a latent's cell weighs where the person is, or was in the reference."""
    recoloured: float = ruled(_SHARE, 0.0)
    """Share of samples whose person and set get other colours."""
    other_ground: float = ruled(_SHARE, 0.0)
    """Share of samples before another shot's set; only of shots with plates and a still camera."""
    mirrored: float = ruled(_SHARE, 0.5)
    checkpointing: bool = ruled(Switch(), False)
    """Run layers again in the backward pass instead of keeping what they made."""
    keep_every: int = ruled(Whole(1, 1_000_000), 500)
    """Steps between checkpoints."""
    kept: int = ruled(Whole(1, 1000), 3)
    """Checkpoints that stay."""
    show_every: int = ruled(Whole(1, 1_000_000), 1000)
    """Steps between new pictures on the page."""

    def steps(self, stage: Stage) -> int:
        """How many steps a stage has."""
        return {
            Stage.DECODER: self.decoder_steps,
            Stage.IMAGES: self.image_steps,
            Stage.CLIPS: self.clip_steps,
        }[stage]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @staticmethod
    def from_dict(values: Any, place: str) -> Recipe:
        """From what `to_dict` gave. Raises InputError naming the field of `place` that is wrong."""
        hint = "Correct it, or begin a new run in another folder."
        return build(Recipe, values, Field("", place, "train-recipe", hint))

    @property
    def fingerprint(self) -> str:
        """Hash of what decides the weights at a step; lengths and habits of keeping do not."""
        free = ("decoder_steps", "image_steps", "clip_steps", "keep_every", "kept", "show_every")
        return hash_value({k: v for k, v in self.to_dict().items() if k not in free})


def sample_recipe(changes: Mapping[str, Any]) -> Recipe:
    """The recipe of the sample set: rendered people, who may have any colour before any set."""
    return Recipe(**{"recoloured": 0.5, "other_ground": 0.3, "from_preview": 0.5, **changes})


def sample_config() -> ModelConfig:
    """Sizes of the sample set: 128 pixels, under 20 MB in float16."""
    widths = (48, 64, 96, 96)
    return ModelConfig(
        unet=UNetConfig(
            in_channels=16,
            out_channels=16,
            block_out_channels=widths,
            layers_per_block=1,
            heads=4,
            cross_attention_dim=64,
            norm_groups=8,
        ),
        motion=MotionConfig(heads=4, attention_layers=1, norm_groups=8),
        appearance=AppearanceConfig(channels=widths, blocks_per_stage=1),
        pose=PoseConfig(out_channels=48, block_out_channels=(16, 24, 32, 48)),
        vae=VAEConfig(
            block_out_channels=(24, 32, 48, 64),
            layers_per_block=1,
            latent_channels=16,
            norm_groups=8,
            sample_size=128,
            scaling_factor=1.0,
            encoder="patches",
        ),
        image_encoder=ImageEncoderConfig(
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            patch_size=32,
            projection_dim=64,
        ),
        picture_side=128,
    )
