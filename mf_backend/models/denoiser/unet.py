"""The denoising UNet: Stable Diffusion's, with motion modules and appearance features."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers.models.adapter import FullAdapter
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from torch import Tensor, nn
from torch.nn import functional

from mf_backend.models.config import AppearanceConfig, MotionConfig, UNetConfig
from mf_backend.models.denoiser.attention import KeysValues
from mf_backend.models.denoiser.blocks import DownBlock, Injector, MidBlock, Pass, UpBlock
from mf_backend.models.denoiser.transformer import SpatialTransformer
from mf_backend.models.running.runner import Mixes, Runner

Probe = Callable[[str, Tensor], None]


@dataclass(frozen=True)
class UNetConditions:
    """What a forward pass is conditioned on, computed once for a whole sampling run.

    `pose` [frames, C0, h, w]; `appearance` one feature for each down block; `cross` the
    cross-attention constant [frames, 1, C] of each attention layer, by its name.
    """

    pose: Tensor
    appearance: Sequence[Tensor]
    cross: dict[str, Tensor]


@dataclass(frozen=True)
class Extras:
    """What a pass takes in or gives besides the prediction."""

    features: Sequence[int] = ()
    """Up blocks whose outputs to return."""
    stop_after_features: bool = False
    """Leave out what lies behind the last of these, the prediction too."""
    injector: Injector | None = None
    """Gives foreign keys and values to the up blocks' self-attention."""
    collect: bool = False
    """Return these blocks' own keys and values."""
    probe: Probe | None = None
    """Called with the name and output of each block (of conv_in: before the pose is added)."""


PREDICTION_ALONE = Extras()


@dataclass
class UNetOutput:
    """`sample` [frames, 4, h, w] (None where the pass stopped early) and what was asked for.

    `features` maps an up block's index to its output, upsampler included.
    """

    sample: Tensor | None
    features: dict[int, Tensor] = field(default_factory=dict)
    keys_values: dict[str, KeysValues] = field(default_factory=dict)


@dataclass(frozen=True)
class Trunk:
    """A pass after its first self-attention (see `MotionUNet.trunk`).

    `entered` is the first skip, `hidden` the first residual block's output and `tokens` what the
    first transformer has made of it so far.
    """

    latents: Tensor
    temb: Tensor
    entered: Tensor
    hidden: Tensor
    tokens: Tensor


@dataclass(frozen=True)
class Bottom:
    """A pass before the first up block with attention (see `MotionUNet.descend`)."""

    temb: Tensor
    hidden: Tensor
    skips: Sequence[Tensor]
    features: dict[int, Tensor]


class MotionUNet(nn.Module):
    """Per-frame layers on `[frames, C, h, w]`; only the motion modules mix frames.

    All names below it are those of the published files, except the appearance adapter's blocks
    (see `key_map`). The adapter is part of it but not called in `forward`: its features do not
    depend on the latents.
    """

    def __init__(
        self, config: UNetConfig, motion: MotionConfig, appearance: AppearanceConfig
    ) -> None:
        super().__init__()
        self.config = config
        widths = config.block_out_channels
        temb = widths[0] * 4
        self.conv_in = nn.Conv2d(config.in_channels, widths[0], 3, padding=1)
        self.time_proj: Any = Timesteps(widths[0], config.flip_sin_to_cos, config.freq_shift)
        self.time_embedding: Any = TimestepEmbedding(widths[0], temb)
        final = len(widths) - 1
        self.down_blocks = nn.ModuleList(
            [
                DownBlock(
                    widths[max(k - 1, 0)],
                    width,
                    temb,
                    config.down_attention[k],
                    k != final,
                    config,
                    motion,
                )
                for k, width in enumerate(widths)
            ]
        )
        self.mid_block = MidBlock(widths[-1], temb, config, motion)
        self.up_blocks = nn.ModuleList()
        for k in range(len(widths)):
            width = widths[final - k]
            self.up_blocks.append(
                UpBlock(
                    widths[min(final - k + 1, final)],
                    width,
                    widths[max(final - k - 1, 0)],
                    temb,
                    config.down_attention[final - k],
                    k != final,
                    config,
                    motion,
                )
            )
        self.conv_norm_out = nn.GroupNorm(config.norm_groups, widths[0], eps=config.norm_eps)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)
        self.appearance_adapter: Any = FullAdapter(
            in_channels=3,
            channels=list(appearance.channels),
            num_res_blocks=appearance.blocks_per_stage,
            downscale_factor=appearance.unshuffle,
        )

    def transformers(self) -> Iterator[tuple[str, SpatialTransformer]]:
        """Every spatial transformer with its name."""
        for name, module in self.named_modules():
            if isinstance(module, SpatialTransformer):
                yield name, module

    def cross_constants(self, token: Tensor) -> dict[str, Tensor]:
        """Every layer's cross-attention constant for one CLIP token a frame.

        `token` [frames, 1, D]; each result [frames, 1, C] (see `constant_cross_attention`).
        """
        return {name: layer.cross_constant(token) for name, layer in self.transformers()}

    def appearance_features(self, frames: Tensor) -> list[Tensor]:
        """Features of the source frames, one for each down block.

        `frames` [F, 3, H, W] in [-1, 1]; feature k is [F, C_k, H / 8 / 2^k, W / 8 / 2^k].
        """
        features: list[Tensor] = self.appearance_adapter(frames)
        return features

    def forward(
        self,
        latents: Tensor,
        timestep: int | Tensor,
        conditions: UNetConditions,
        runner: Runner,
        extras: Extras = PREDICTION_ALONE,
    ) -> UNetOutput:
        """The network's prediction v and what was asked for: `trunk`, `descend` and `ascend`.

        `latents` [frames, C, h, w], h and w multiples of 8; `timestep` is one for all frames, or
        one for each as int64 [frames].
        """
        trunk = self.trunk(latents, timestep, conditions.pose, runner)
        bottom = self.descend(trunk, conditions, runner, probe=extras.probe)
        return self.ascend(bottom, conditions, runner, extras)

    def trunk(self, latents: Tensor, timestep: int | Tensor, pose: Tensor, runner: Runner) -> Trunk:
        """The layers that do not depend on the CLIP token, so that both halves can share them.

        They end with the first self-attention, one of the most expensive layers.
        """
        temb = self._time(timestep, latents)
        context = Pass(runner, temb, {})
        entered = runner.run(Mixes.SPACE, self._enter, [latents], [pose])
        first = self.down_blocks[0]
        assert isinstance(first, DownBlock)
        hidden, tokens = first.begin(context, entered)
        return Trunk(latents, temb, entered, hidden, tokens)

    def descend(
        self,
        trunk: Trunk,
        conditions: UNetConditions,
        runner: Runner,
        *,
        probe: Probe | None = None,
    ) -> Bottom:
        """From the trunk through the down and mid blocks and the up blocks without attention.

        Nothing is injected here, so that passes with and without injection can share it.
        """
        tell = probe or _ignore
        if probe is not None:
            tell("conv_in", self.conv_in(trunk.latents))
        context = Pass(runner, trunk.temb, conditions.cross, skips=[trunk.entered])
        hidden = trunk.hidden
        for k, down in enumerate(self.down_blocks):
            assert isinstance(down, DownBlock)
            name, appearance = f"down_blocks.{k}", conditions.appearance[k]
            begun = trunk.tokens if k == 0 else None
            hidden = down.run(context, name, hidden, appearance, begun)
            tell(name, hidden)
        hidden = self.mid_block.run(context, "mid_block", hidden)
        tell("mid_block", hidden)
        features: dict[int, Tensor] = {}
        for k in range(self._injectable):
            up = self.up_blocks[k]
            assert isinstance(up, UpBlock)
            hidden = up.run(context, f"up_blocks.{k}", hidden)
            tell(f"up_blocks.{k}", hidden)
            features[k] = hidden
        return Bottom(trunk.temb, hidden, context.skips, features)

    def ascend(
        self,
        bottom: Bottom,
        conditions: UNetConditions,
        runner: Runner,
        extras: Extras = PREDICTION_ALONE,
    ) -> UNetOutput:
        """From the bottom to the prediction; the bottom may be used again."""
        tell, features = extras.probe or _ignore, extras.features
        output = UNetOutput(None, {k: v for k, v in bottom.features.items() if k in features})
        context = Pass(
            runner,
            bottom.temb,
            conditions.cross,
            extras.injector,
            output.keys_values if extras.collect else None,
            list(bottom.skips),
        )
        hidden = bottom.hidden
        for k in range(self._injectable, len(self.up_blocks)):
            up = self.up_blocks[k]
            assert isinstance(up, UpBlock)
            hidden = up.run(context, f"up_blocks.{k}", hidden)
            tell(f"up_blocks.{k}", hidden)
            if k in features:
                output.features[k] = hidden
                if k == max(features):
                    runner.end_of_gradients()
                    if extras.stop_after_features:
                        return output
        output.sample = runner.run(Mixes.SPACE, self._leave, [hidden])
        return output

    @property
    def _injectable(self) -> int:
        """The first up block with attention."""
        return next(k for k, up in enumerate(self.up_blocks) if up.has_attention)

    def _time(self, timestep: int | Tensor, latents: Tensor) -> Tensor:
        if isinstance(timestep, Tensor):
            steps = timestep.to(latents.device)
        else:
            steps = torch.full((1,), timestep, dtype=torch.int64, device=latents.device)
        embedded: Tensor = self.time_embedding(self.time_proj(steps).to(latents.dtype))
        return embedded

    def _enter(self, latents: Tensor, pose: Tensor) -> Tensor:
        hidden: Tensor = self.conv_in(latents)
        return hidden + pose

    def _leave(self, hidden: Tensor) -> Tensor:
        result: Tensor = self.conv_out(functional.silu(self.conv_norm_out(hidden)))
        return result


def _ignore(name: str, value: Tensor) -> None:
    """No one is watching."""
