"""The spatial transformer of one resolution: self-attention, one-token cross-attention, MLP."""

from __future__ import annotations

from typing import Any

from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from mf_backend.models.denoiser.attention import (
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

    def attend(
        self,
        tokens: Tensor,
        injection: Injection | None = None,
        collected: list[KeysValues] | None = None,
    ) -> Tensor:
        """x + attn1(norm1 x) of tokens [N, T, C]."""
        attended: Tensor = self.attn1(self.norm1(tokens), injection=injection, collected=collected)
        return attended + tokens

    def finish(self, tokens: Tensor, cross: Tensor) -> Tensor:
        """What follows `attend`; `cross` [N, 1, C] from `cross_constant`."""
        tokens = tokens + cross
        result: Tensor = self.ff(self.norm3(tokens)) + tokens
        return result


class SpatialTransformer(nn.Module):
    """GroupNorm, 1x1 convolution, a transformer block over the pixels, 1x1 convolution, skip."""

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
        return constant_cross_attention(self._block.attn2, token)

    def begin(
        self,
        hidden: Tensor,
        injection: Injection | None = None,
        collected: list[KeysValues] | None = None,
    ) -> Tensor:
        """Up to and with the self-attention: [N, C, h, w] to the same shape."""
        height, width = hidden.shape[2:]
        inner = self.proj_in(self.norm(hidden))
        tokens = self._block.attend(inner.permute(0, 2, 3, 1).flatten(1, 2), injection, collected)
        # Channels-last memory: neither this nor the way back to tokens copies.
        return tokens.view(tokens.shape[0], height, width, -1).permute(0, 3, 1, 2)

    def finish(self, begun: Tensor, hidden: Tensor, cross: Tensor) -> Tensor:
        """From what `begin` made of `hidden` to the output."""
        height, width = hidden.shape[2:]
        tokens = self._block.finish(begun.permute(0, 2, 3, 1).flatten(1, 2), cross)
        inner = tokens.view(tokens.shape[0], height, width, -1).permute(0, 3, 1, 2)
        result: Tensor = self.proj_out(inner) + hidden
        return result

    def forward(
        self,
        hidden: Tensor,
        cross: Tensor,
        injection: Injection | None = None,
        collected: list[KeysValues] | None = None,
    ) -> Tensor:
        """`hidden` [N, C, h, w] to the same shape."""
        return self.finish(self.begin(hidden, injection, collected), hidden, cross)

    @property
    def _block(self) -> TransformerBlock:
        block = self.transformer_blocks[0]
        assert isinstance(block, TransformerBlock)
        return block
