"""The spatial transformer of one resolution: self-attention, one-token cross-attention, MLP."""

from __future__ import annotations

from typing import Any

from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from mf_backend.models.attention import (
    Injection,
    KeysValues,
    SelfAttention,
    constant_cross_attention,
)

_NORM_EPS = 1e-6


class TransformerBlock(nn.Module):
    """x + attn1(norm1 x), + the cross-attention constant, + ff(norm3 x).

    `norm2`, `attn2.to_q` and `attn2.to_k` are kept because the published files hold them; with
    one token they have no effect (see `constant_cross_attention`).
    """

    def __init__(self, channels: int, heads: int, cross_attention_dim: int) -> None:
        super().__init__()
        width = channels // heads
        self.norm1 = nn.LayerNorm(channels)
        self.attn1: Any = Attention(
            channels, heads=heads, dim_head=width, processor=SelfAttention()
        )
        self.norm2 = nn.LayerNorm(channels)
        self.attn2: Any = Attention(
            channels, cross_attention_dim=cross_attention_dim, heads=heads, dim_head=width
        )
        self.norm3 = nn.LayerNorm(channels)
        self.ff: Any = FeedForward(channels, activation_fn="geglu")

    def forward(
        self,
        tokens: Tensor,
        cross: Tensor,
        injection: Injection | None = None,
        collected: list[KeysValues] | None = None,
    ) -> Tensor:
        """`tokens` [N, T, C], `cross` [N, 1, C] from `cross_constant`."""
        attended: Tensor = self.attn1(self.norm1(tokens), injection=injection, collected=collected)
        tokens = attended + tokens + cross
        result: Tensor = self.ff(self.norm3(tokens)) + tokens
        return result


class SpatialTransformer(nn.Module):
    """GroupNorm, 1x1 convolution, transformer blocks over the pixels, 1x1 convolution, skip."""

    def __init__(self, channels: int, heads: int, cross_attention_dim: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=_NORM_EPS)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList(
            [TransformerBlock(channels, heads, cross_attention_dim)]
        )
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def cross_constant(self, token: Tensor) -> Tensor:
        """What cross-attention to `token` [frames, 1, D] adds to every pixel: [frames, 1, C]."""
        return constant_cross_attention(self.transformer_blocks[0].attn2, token)

    def forward(
        self,
        hidden: Tensor,
        cross: Tensor,
        injection: Injection | None = None,
        collected: list[KeysValues] | None = None,
    ) -> Tensor:
        """`hidden` [N, C, h, w] to the same shape."""
        height, width = hidden.shape[2:]
        inner = self.proj_in(self.norm(hidden))
        tokens = inner.permute(0, 2, 3, 1).flatten(1, 2)
        for block in self.transformer_blocks:
            tokens = block(tokens, cross, injection, collected)
        # Channels-last memory, so that the convolution needs no copy.
        inner = tokens.unflatten(1, (height, width)).permute(0, 3, 1, 2)
        result: Tensor = self.proj_out(inner) + hidden
        return result
