"""The motion module: temporal self-attention over the frames of each pixel."""

from __future__ import annotations

import math
from typing import Any

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from mf_backend.models.config import MotionConfig
from mf_backend.models.denoiser.attention import SelfAttention
from mf_backend.models.running.runner import Mixes, Runner

_NORM_EPS = 1e-6


class FramePositions(nn.Module):
    """Adds the sinusoidal position table `pe` [1, max_frames, C], stored with the weights."""

    pe: Tensor

    def __init__(self, channels: int, max_frames: int) -> None:
        super().__init__()
        position = torch.arange(max_frames).unsqueeze(1)
        rate = torch.exp(torch.arange(0, channels, 2) * (-math.log(10000.0) / channels))
        angle = position * rate
        table = torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
        self.register_buffer("pe", table.unsqueeze(0))

    def forward(self, tokens: Tensor) -> Tensor:
        """`tokens` [pixels, frames, C]."""
        return tokens + self.pe[:, : tokens.shape[1]]


class TemporalAttention(Attention):  # type: ignore[misc]
    """Self-attention over frames; positions are added to its (already normalised) input."""

    def __init__(self, channels: int, heads: int, max_frames: int) -> None:
        super().__init__(
            channels, heads=heads, dim_head=channels // heads, processor=SelfAttention()
        )
        self.pos_encoder = FramePositions(channels, max_frames)

    def forward(self, hidden_states: Tensor, **_: Any) -> Tensor:
        """`hidden_states` [pixels, frames, C]."""
        result: Tensor = super().forward(self.pos_encoder(hidden_states))
        return result


class TemporalBlock(nn.Module):
    """x + attention_k(norm_k x) for each attention layer, then + ff(ff_norm x)."""

    def __init__(self, channels: int, config: MotionConfig) -> None:
        super().__init__()
        layers = range(config.attention_layers)
        self.attention_blocks = nn.ModuleList(
            [TemporalAttention(channels, config.heads, config.max_frames) for _ in layers]
        )
        self.norms = nn.ModuleList([nn.LayerNorm(channels) for _ in layers])
        self.ff: Any = FeedForward(channels, activation_fn="geglu")
        self.ff_norm = nn.LayerNorm(channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """`tokens` [pixels, frames, C]."""
        for attention, norm in zip(self.attention_blocks, self.norms, strict=True):
            tokens = attention(norm(tokens)) + tokens
        result: Tensor = self.ff(self.ff_norm(tokens)) + tokens
        return result


class TemporalTransformer(nn.Module):
    """GroupNorm over each frame, then linear, temporal block, linear for each pixel; skip."""

    def __init__(self, channels: int, config: MotionConfig) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.norm_groups, channels, eps=_NORM_EPS)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList([TemporalBlock(channels, config)])
        self.proj_out = nn.Linear(channels, channels)

    def run(self, runner: Runner, hidden: Tensor) -> Tensor:
        """`hidden` [frames, C, h, w] to the same shape.

        The norm mixes pixels and the rest mixes frames, so they are two layers to the runner.
        """
        normalised = runner.run(Mixes.SPACE, self.norm, [hidden])
        return runner.run(Mixes.FRAMES, self.per_pixel, [normalised, hidden])

    def per_pixel(self, normalised: Tensor, hidden: Tensor) -> Tensor:
        """All behind the norm; both are [frames, C, h, w], `normalised` what the norm made."""
        height, width = hidden.shape[2:]
        tokens = self.proj_in(normalised.permute(2, 3, 0, 1).flatten(0, 1))
        for block in self.transformer_blocks:
            tokens = block(tokens)
        moved: Tensor = self.proj_out(tokens)
        return hidden + moved.view(height, width, *moved.shape[1:]).permute(2, 3, 0, 1)


class MotionModule(nn.Module):
    """Holds the temporal transformer under the name that the published files use."""

    def __init__(self, channels: int, config: MotionConfig) -> None:
        super().__init__()
        self.temporal_transformer = TemporalTransformer(channels, config)

    def run(self, runner: Runner, hidden: Tensor) -> Tensor:
        """`hidden` [frames, C, h, w] to the same shape, mixing frames at each pixel."""
        if not runner.moves:
            return hidden
        return runner.composite(self.temporal_transformer.run, [hidden])
