"""The UNet as published, written down layer by layer. Tensor names are the product's."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.adapter import FullAdapter
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from diffusers.models.downsampling import Downsample2D
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn
from torch.nn import functional

from mf_backend.models.config import ModelConfig


class KeyStore:
    """Keys and values of the up blocks' self-attention, kept in main memory by step and layer.

    `recording` appends to it; `step` (an index, or None) reads from it.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[int, str], tuple[Tensor, Tensor]] = {}
        self.step: int | None = None
        self.recording = False
        self.masks: tuple[Tensor, Tensor] | None = None
        """Source and target mask [frames, 1, H, W]."""

    def apply(self, name: str, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keep what passes, or put what was kept beside it with masked tokens zeroed."""
        if self.step is None:
            return key, value
        if self.recording:
            self.kept[self.step, name] = (key.cpu(), value.cpu())
            return key, value
        assert self.masks is not None
        side = round(key.shape[1] ** 0.5)
        source, target = (
            functional.interpolate(mask, (side, side)).flatten(2).transpose(1, 2)
            for mask in self.masks
        )
        halves = key.shape[0] // source.shape[0]
        stored_key, stored_value = (
            x.to(key.device, key.dtype).repeat(halves, 1, 1) for x in self.kept[self.step, name]
        )
        own, other = target.repeat(halves, 1, 1), 1 - source.repeat(halves, 1, 1)
        return (
            torch.cat([key * own, stored_key * other], 1),
            torch.cat([value * own, stored_value * other], 1),
        )


def _attend(attn: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    q, k, v = (
        x.unflatten(2, (attn.heads, -1)).transpose(1, 2) for x in (attn.to_q(query), key, value)
    )
    out = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return attn.to_out[0](out)


class Block(nn.Module):
    """Self-attention, cross-attention, feed-forward."""

    def __init__(self, channels: int, heads: int, context: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn1 = Attention(channels, heads=heads, dim_head=channels // heads)
        self.norm2 = nn.LayerNorm(channels)
        self.attn2 = Attention(
            channels, cross_attention_dim=context, heads=heads, dim_head=channels // heads
        )
        self.norm3 = nn.LayerNorm(channels)
        self.ff = FeedForward(channels, activation_fn="geglu")

    def forward(self, x: Tensor, token: Tensor, store: KeyStore | None, name: str) -> Tensor:
        inner = self.norm1(x)
        key, value = self.attn1.to_k(inner), self.attn1.to_v(inner)
        if store is not None and name.startswith("up_blocks"):
            key, value = store.apply(name, key, value)
        x = _attend(self.attn1, inner, key, value) + x
        key, value = self.attn2.to_k(token), self.attn2.to_v(token)
        x = _attend(self.attn2, self.norm2(x), key, value) + x
        return self.ff(self.norm3(x)) + x


class SpatialTransformer(nn.Module):
    """Norm, 1x1 convolution, block over the pixels, 1x1 convolution, skip."""

    def __init__(self, channels: int, heads: int, context: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([Block(channels, heads, context)])
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, token: Tensor, store: KeyStore | None, name: str) -> Tensor:
        height = x.shape[2]
        inner = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)
        inner = self.transformer_blocks[0](inner, token, store, name)
        inner = inner.transpose(1, 2).unflatten(2, (height, -1)).contiguous()
        return self.proj_out(inner) + x


class Positions(nn.Module):
    """The position table."""

    def __init__(self, channels: int, length: int) -> None:
        super().__init__()
        self.register_buffer("pe", torch.zeros(1, length, channels))


class TemporalAttention(Attention):
    """Self-attention over frames."""

    def __init__(self, channels: int, heads: int, length: int) -> None:
        super().__init__(channels, heads=heads, dim_head=channels // heads)
        self.pos_encoder = Positions(channels, length)


class TemporalBlock(nn.Module):
    """Two temporal self-attentions and a feed-forward layer."""

    def __init__(self, channels: int, config: Any) -> None:
        super().__init__()
        layers = range(config.attention_layers)
        self.attention_blocks = nn.ModuleList(
            [TemporalAttention(channels, config.heads, config.max_frames) for _ in layers]
        )
        self.norms = nn.ModuleList([nn.LayerNorm(channels) for _ in layers])
        self.ff = FeedForward(channels, activation_fn="geglu")
        self.ff_norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """`x` [batch * frames, pixels, C]."""
        pixels = x.shape[1]
        for attention, norm in zip(self.attention_blocks, self.norms, strict=True):
            # Back and forth around every attention, as released.
            inner = norm(x).unflatten(0, (-1, frames)).transpose(1, 2).flatten(0, 1)
            inner = inner + attention.pos_encoder.pe[:, :frames]
            inner = _attend(attention, inner, attention.to_k(inner), attention.to_v(inner))
            x = inner.unflatten(0, (-1, pixels)).transpose(1, 2).flatten(0, 1) + x
        return self.ff(self.ff_norm(x)) + x


class TemporalTransformer(nn.Module):
    """Norm, linear, temporal block, linear, skip."""

    def __init__(self, channels: int, config: Any) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(config.norm_groups, channels, eps=1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList([TemporalBlock(channels, config)])
        self.proj_out = nn.Linear(channels, channels)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        height = x.shape[2]
        inner = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))
        inner = self.proj_out(self.transformer_blocks[0](inner, frames))
        return inner.transpose(1, 2).unflatten(2, (height, -1)).contiguous() + x


class MotionModule(nn.Module):
    """Holds the temporal transformer under its published name."""

    def __init__(self, channels: int, config: Any) -> None:
        super().__init__()
        self.temporal_transformer = TemporalTransformer(channels, config)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        return self.temporal_transformer(x, frames)


class Stage(nn.Module):
    """A down, mid or up block's layers."""

    def __init__(
        self, ins: list[int], out: int, attention: bool, motion: int, config: ModelConfig
    ) -> None:
        super().__init__()
        unet = config.unet
        self.resnets = nn.ModuleList(
            [
                ResnetBlock2D(
                    in_channels=width,
                    out_channels=out,
                    temb_channels=unet.block_out_channels[0] * 4,
                    eps=unet.norm_eps,
                    groups=unet.norm_groups,
                )
                for width in ins
            ]
        )
        if attention:
            self.attentions = nn.ModuleList(
                [
                    SpatialTransformer(out, unet.heads, unet.cross_attention_dim, unet.norm_groups)
                    for _ in range(motion)
                ]
            )
        self.motion_modules = nn.ModuleList(
            [MotionModule(out, config.motion) for _ in range(motion)]
        )


class PlainUNet(nn.Module):
    """The network. Latents are [batch, 4, frames, h, w]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        unet = config.unet
        widths = unet.block_out_channels
        last = len(widths) - 1
        self.conv_in = nn.Conv2d(unet.in_channels, widths[0], 3, padding=1)
        self.time_proj = Timesteps(widths[0], unet.flip_sin_to_cos, unet.freq_shift)
        self.time_embedding = TimestepEmbedding(widths[0], widths[0] * 4)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        for k, width in enumerate(widths):
            ins = [widths[max(k - 1, 0)]] + [width] * (unet.layers_per_block - 1)
            block = Stage(ins, width, unet.down_attention[k], unet.layers_per_block, config)
            if k < last:
                block.downsamplers = nn.ModuleList(
                    [Downsample2D(width, use_conv=True, padding=1, name="op")]
                )
            self.down_blocks.append(block)
        self.mid_block = Stage([widths[-1]] * 2, widths[-1], True, 1, config)
        for k in range(len(widths)):
            width = widths[last - k]
            before, skip = widths[min(last - k + 1, last)], widths[max(last - k - 1, 0)]
            count = unet.layers_per_block + 1
            ins = [
                (width if i else before) + (skip if i == count - 1 else width) for i in range(count)
            ]
            block = Stage(ins, width, unet.down_attention[last - k], count, config)
            if k < last:
                block.upsamplers = nn.ModuleList([Upsample2D(width, use_conv=True)])
            self.up_blocks.append(block)
        self.conv_norm_out = nn.GroupNorm(unet.norm_groups, widths[0], eps=unet.norm_eps)
        self.conv_out = nn.Conv2d(widths[0], unet.out_channels, 3, padding=1)
        self.appearance_adapter = FullAdapter(
            in_channels=3,
            channels=list(config.appearance.channels),
            num_res_blocks=config.appearance.blocks_per_stage,
            downscale_factor=config.appearance.unshuffle,
        )

    def forward(
        self,
        latents: Tensor,
        timestep: int,
        token: Tensor,
        pose: Tensor,
        pictures: Tensor,
        store: KeyStore | None = None,
        features: tuple[int, ...] = (),
    ) -> tuple[Tensor | None, list[Tensor]]:
        """`token` [batch * frames, 1, D], `pose` [frames, C, h, w], `pictures` [frames, 3, H, W].

        Returns the prediction, or with `features` the outputs of those up blocks and no
        prediction.
        """
        batch, _, frames = latents.shape[:3]
        appearance = [x.repeat(batch, 1, 1, 1) for x in self.appearance_adapter(pictures)]
        steps = torch.full((batch,), timestep, device=latents.device)
        time = self.time_embedding(self.time_proj(steps).to(latents.dtype))
        time = time.repeat_interleave(frames, 0)
        x = latents.transpose(1, 2).flatten(0, 1).contiguous()
        x = self.conv_in(x) + pose.repeat(batch, 1, 1, 1)
        skips, kept = [x], []
        for k, block in enumerate(self.down_blocks):
            for i, resnet in enumerate(block.resnets):
                x = resnet(x, time)
                if hasattr(block, "attentions"):
                    x = block.attentions[i](x, token, store, f"down_blocks.{k}.attentions.{i}")
                if i == len(block.resnets) - 1:
                    x = x + appearance[k]
                x = block.motion_modules[i](x, frames)
                skips.append(x)
            for layer in getattr(block, "downsamplers", ()):
                x = layer(x)
                skips.append(x)
        x = self.mid_block.resnets[0](x, time)
        x = self.mid_block.attentions[0](x, token, store, "mid_block.attentions.0")
        x = self.mid_block.motion_modules[0](x, frames)
        x = self.mid_block.resnets[1](x, time)
        for k, block in enumerate(self.up_blocks):
            for i, resnet in enumerate(block.resnets):
                x = resnet(torch.cat([x, skips.pop()], 1), time)
                if hasattr(block, "attentions"):
                    x = block.attentions[i](x, token, store, f"up_blocks.{k}.attentions.{i}")
                x = block.motion_modules[i](x, frames)
            for layer in getattr(block, "upsamplers", ()):
                x = layer(x)
            if k in features:
                kept.append(x)
                if len(kept) == len(features):
                    return None, kept
        x = self.conv_out(functional.silu(self.conv_norm_out(x)))
        return x.unflatten(0, (batch, frames)).transpose(1, 2), kept
