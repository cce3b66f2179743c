"""Published tensor names and ours, and which published file supplies which tensor.

Our names are the published ones except in the appearance adapter, where diffusers groups the
residual blocks by stage: `body.{stage * blocks + j}.block1` is `body.{stage}.resnets.{j}.block1`
and a stage's `in_conv` sits on the stage.
"""

from __future__ import annotations

import re
from enum import Enum

ADAPTER = "appearance_adapter."
"""What the names of the adapter's tensors begin with in a UNet."""
_PUBLISHED_BLOCK = re.compile(r"body\.(\d+)\.(in_conv|block1|block2)\.(weight|bias)")
_OUR_BLOCK = re.compile(
    r"body\.(\d+)\.(?:resnets\.(\d+)\.(block1|block2)|(in_conv))\.(weight|bias)"
)


class Source(Enum):
    """The published file or folder that a tensor comes from."""

    BASE_UNET = "base_unet"
    MOTION_MODULE = "motion_module"
    DENOISING_UNET = "denoising_unet"
    POSE_GUIDER = "pose_guider"
    VAE = "vae"
    IMAGE_ENCODER = "image_encoder"


def to_ours(published: str, blocks_per_stage: int = 2) -> str:
    """Our name of a tensor of the published UNet; a name without a place comes back as it is."""
    if not published.startswith(ADAPTER):
        return published
    found = _PUBLISHED_BLOCK.fullmatch(published.removeprefix(ADAPTER))
    if not found:
        return published
    stage, j = divmod(int(found[1]), blocks_per_stage)
    part = "in_conv" if found[2] == "in_conv" else f"resnets.{j}.{found[2]}"
    return f"{ADAPTER}body.{stage}.{part}.{found[3]}"


def to_published(ours: str, blocks_per_stage: int = 2) -> str:
    """The published name of one of our UNet tensors; the inverse of `to_ours`."""
    if not ours.startswith(ADAPTER):
        return ours
    found = _OUR_BLOCK.fullmatch(ours.removeprefix(ADAPTER))
    if not found:
        return ours
    index = int(found[1]) * blocks_per_stage + int(found[2] or 0)
    return f"{ADAPTER}body.{index}.{found[3] or found[4]}.{found[5]}"


def sources(ours: str) -> tuple[Source, ...]:
    """Where a UNet tensor comes from, in load order; the last one that holds it wins.

    The first entry must hold it; the temporal layers come from the motion module's file alone,
    the appearance adapter from the denoiser's.
    """
    if ".motion_modules." in ours:
        return (Source.MOTION_MODULE,)
    if ours.startswith(ADAPTER):
        return (Source.DENOISING_UNET,)
    return (Source.BASE_UNET, Source.DENOISING_UNET)


def ignorable(published: str) -> bool:
    """Tensors that published files may hold and no network needs (index tables)."""
    return published.endswith("embeddings.position_ids")
