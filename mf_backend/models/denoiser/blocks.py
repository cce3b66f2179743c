"""Down, mid and up blocks of the UNet: which layers they hold and in which order they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn

from mf_backend.models.config import MotionConfig, UNetConfig
from mf_backend.models.denoiser.attention import Injection, KeysValues
from mf_backend.models.denoiser.motion_module import MotionModule
from mf_backend.models.denoiser.transformer import SpatialTransformer
from mf_backend.models.running.runner import Mixes, Runner


class Injector(Protocol):
    """Gives a layer the foreign keys and values it should also attend to, if any."""

    def __call__(self, layer: str, height: int, width: int) -> Injection | None:
        """For the layer of that name whose tokens are `height` x `width` pixels."""


@dataclass
class Pass:
    """What stays the same during one forward pass through all blocks.

    `cross` maps an attention layer's name to its cross-attention constant [frames, 1, C].
    `collected`, where it is not None, receives keys and values of the up blocks' layers.
    """

    runner: Runner
    temb: Tensor
    cross: dict[str, Tensor]
    injector: Injector | None = None
    collected: dict[str, KeysValues] | None = None
    skips: list[Tensor] = field(default_factory=list)

    def resnet(self, layer: Any, hidden: Tensor, added: Tensor | None = None) -> Tensor:
        """A residual block, plus `added`."""

        def run(value: Tensor, extra: Tensor | None) -> Tensor:
            result: Tensor = layer(value, self.temb)
            return result if extra is None else result + extra

        return self.runner.run(Mixes.SPACE, run, [hidden], [added])

    def resnet_with_skip(self, layer: Any, hidden: Tensor) -> Tensor:
        """A residual block over the channels of `hidden` and of the last skip."""

        def run(value: Tensor, skip: Tensor) -> Tensor:
            result: Tensor = layer(torch.cat([value, skip], dim=1), self.temb)
            return result

        return self.runner.run(Mixes.SPACE, run, [hidden, self.skips.pop()])

    def resnet_and_attention(
        self,
        name: str,
        resnet: Any,
        attention: SpatialTransformer,
        hidden: Tensor,
        *,
        skip: bool = False,
        added: Tensor | None = None,
    ) -> Tensor:
        """A residual block (over the last skip, too, with `skip`), a transformer, plus `added`.

        Neither mixes frames, so they are one layer to the runner: what lies between them is
        never there for all frames at once.
        """
        height, width = hidden.shape[2:]
        up = name.startswith("up_blocks.")
        injection = self.injector(name, height, width) if up and self.injector else None
        collected: list[KeysValues] | None = [] if up and self.collected is not None else None
        remove = injection is not None and injection.remove
        inputs = [hidden, self.skips.pop()] if skip else [hidden]

        def run(*tensors: Any) -> Tensor:
            values, (cross, extra, keys, own_values, own, foreign) = tensors[:-6], tensors[-6:]
            inner = resnet(torch.cat(values, dim=1) if skip else values[0], self.temb)
            part = None
            if keys is not None:
                part = Injection(KeysValues(keys, own_values), own, foreign, remove)
            result: Tensor = attention(inner, cross, part, collected)
            return result if extra is None else result + extra

        fixed: tuple[Tensor | None, ...] = (None, None, None, None)
        if injection is not None:
            pair = injection.foreign
            fixed = (pair.keys, pair.values, injection.own_mask, injection.foreign_mask)
        output = self.runner.run(Mixes.SPACE, run, inputs, [self.cross[name], added, *fixed])
        if collected is not None and self.collected is not None:
            self.collected[name] = _join(collected)
        return output

    def begin_attention(self, layer: SpatialTransformer, hidden: Tensor) -> Tensor:
        """A spatial transformer up to and with its first self-attention, as a picture."""
        return self.runner.run(Mixes.SPACE, layer.begin, [hidden])

    def finish_attention(
        self,
        name: str,
        layer: SpatialTransformer,
        tokens: Tensor,
        hidden: Tensor,
        added: Tensor | None = None,
    ) -> Tensor:
        """The rest of a spatial transformer that `begin_attention` began on `hidden`."""

        def run(begun: Tensor, value: Tensor, cross: Tensor, extra: Tensor | None) -> Tensor:
            result = layer.finish(begun, value, cross)
            return result if extra is None else result + extra

        fixed = [self.cross[name], added]
        return self.runner.run(Mixes.SPACE, run, [tokens, hidden], fixed)

    def resample(self, layer: Any, hidden: Tensor) -> Tensor:
        """A down- or upsampler."""
        return self.runner.run(Mixes.SPACE, layer, [hidden])

    def motion(self, module: MotionModule, hidden: Tensor) -> Tensor:
        """A motion module."""
        return module.run(self.runner, hidden)


def _join(parts: list[KeysValues]) -> KeysValues:
    if len(parts) == 1:
        return parts[0]
    return KeysValues(
        torch.cat([part.keys for part in parts]), torch.cat([part.values for part in parts])
    )


def _resnet(in_channels: int, out_channels: int, temb: int, config: UNetConfig) -> Any:
    return ResnetBlock2D(
        in_channels=in_channels,
        out_channels=out_channels,
        temb_channels=temb,
        eps=config.norm_eps,
        groups=config.norm_groups,
    )


def _attention(channels: int, config: UNetConfig) -> SpatialTransformer:
    return SpatialTransformer(
        channels, config.heads, config.cross_attention_dim, config.norm_groups
    )


class DownBlock(nn.Module):
    """(residual block, transformer, motion module) x layers, then a strided convolution.

    Every stage's output becomes a skip. The appearance feature is added after the last residual
    block and transformer, before the motion module that follows.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        temb: int,
        attention: bool,
        downsample: bool,
        config: UNetConfig,
        motion: MotionConfig,
    ) -> None:
        super().__init__()
        layers = range(config.layers_per_block)
        self.resnets = nn.ModuleList(
            [
                _resnet(out_channels if i else in_channels, out_channels, temb, config)
                for i in layers
            ]
        )
        self.motion_modules = nn.ModuleList([MotionModule(out_channels, motion) for _ in layers])
        if attention:
            self.attentions = nn.ModuleList([_attention(out_channels, config) for _ in layers])
        self.has_attention = attention
        self.downsamplers = nn.ModuleList(
            [
                Downsample2D(
                    out_channels, use_conv=True, padding=config.downsample_padding, name="op"
                )
            ]
            if downsample
            else []
        )

    def begin(self, context: Pass, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """The first residual block and its transformer up to the first self-attention."""
        hidden = context.resnet(self.resnets[0], hidden)
        layer = self.attentions[0]
        assert isinstance(layer, SpatialTransformer)
        return hidden, context.begin_attention(layer, hidden)

    def run(
        self,
        context: Pass,
        name: str,
        hidden: Tensor,
        appearance: Tensor,
        begun: Tensor | None = None,
    ) -> Tensor:
        """`hidden` [frames, C_in, h, w] to [frames, C_out, h/2, w/2] (no /2 in the last block).

        With `begun`, both are what `begin` gave.
        """
        for i in range(len(self.resnets)):
            inputs = [hidden] if i or begun is None else [begun, hidden]
            added = appearance if i == len(self.resnets) - 1 else None

            def unit(runner: Runner, *values: Tensor, i: int = i, added: Any = added) -> Tensor:
                return self._unit(replace(context, runner=runner), name, i, values, added)

            hidden = context.runner.composite(unit, inputs, large=True)
            context.skips.append(hidden)
        for layer in self.downsamplers:
            hidden = context.resample(layer, hidden)
            context.skips.append(hidden)
        return hidden

    def _unit(
        self, context: Pass, name: str, i: int, values: Sequence[Tensor], added: Tensor | None
    ) -> Tensor:
        """Residual block, transformer and motion module number `i`."""
        resnet = self.resnets[i]
        if not self.has_attention:
            hidden = context.resnet(resnet, values[0], added)
        else:
            layer = self.attentions[i]
            assert isinstance(layer, SpatialTransformer)
            attention = f"{name}.attentions.{i}"
            if len(values) == 2:
                hidden = context.finish_attention(attention, layer, values[0], values[1], added)
            else:
                hidden = context.resnet_and_attention(
                    attention, resnet, layer, values[0], added=added
                )
        return _move(context, self.motion_modules[i], hidden)


class MidBlock(nn.Module):
    """Residual block, transformer, motion module, residual block."""

    def __init__(self, channels: int, temb: int, config: UNetConfig, motion: MotionConfig) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([_attention(channels, config)])
        self.resnets = nn.ModuleList([_resnet(channels, channels, temb, config) for _ in range(2)])
        self.motion_modules = nn.ModuleList([MotionModule(channels, motion)])

    def run(self, context: Pass, name: str, hidden: Tensor) -> Tensor:
        """`hidden` [frames, C, h, w] to the same shape."""
        layer = self.attentions[0]
        assert isinstance(layer, SpatialTransformer)
        hidden = context.resnet_and_attention(
            f"{name}.attentions.0", self.resnets[0], layer, hidden
        )
        hidden = _move(context, self.motion_modules[0], hidden)
        return context.resnet(self.resnets[1], hidden)


class UpBlock(nn.Module):
    """(residual block over a skip, transformer, motion module) x (layers + 1), then upsampling."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        skip_channels: int,
        temb: int,
        attention: bool,
        upsample: bool,
        config: UNetConfig,
        motion: MotionConfig,
    ) -> None:
        super().__init__()
        count = config.layers_per_block + 1
        self.resnets = nn.ModuleList()
        for i in range(count):
            before = out_channels if i else in_channels
            skip = skip_channels if i == count - 1 else out_channels
            self.resnets.append(_resnet(before + skip, out_channels, temb, config))
        self.motion_modules = nn.ModuleList(
            [MotionModule(out_channels, motion) for _ in range(count)]
        )
        if attention:
            self.attentions = nn.ModuleList(
                [_attention(out_channels, config) for _ in range(count)]
            )
        self.has_attention = attention
        self.upsamplers = nn.ModuleList(
            [Upsample2D(out_channels, use_conv=True)] if upsample else []
        )

    def run(self, context: Pass, name: str, hidden: Tensor) -> Tensor:
        """`hidden` [frames, C_in, h, w] to [frames, C_out, 2h, 2w] (no 2 in the last block)."""
        for i in range(len(self.resnets)):

            def unit(runner: Runner, value: Tensor, skip: Tensor, i: int = i) -> Tensor:
                return self._unit(replace(context, runner=runner, skips=[skip]), name, i, value)

            inputs = [hidden, context.skips.pop()]
            hidden = context.runner.composite(unit, inputs, large=True)
        for layer in self.upsamplers:
            hidden = context.resample(layer, hidden)
        return hidden

    def _unit(self, context: Pass, name: str, i: int, hidden: Tensor) -> Tensor:
        """Residual block over a skip, transformer and motion module number `i`."""
        resnet = self.resnets[i]
        if self.has_attention:
            layer = self.attentions[i]
            assert isinstance(layer, SpatialTransformer)
            hidden = context.resnet_and_attention(
                f"{name}.attentions.{i}", resnet, layer, hidden, skip=True
            )
        else:
            hidden = context.resnet_with_skip(resnet, hidden)
        return _move(context, self.motion_modules[i], hidden)


def _move(context: Pass, module: nn.Module, hidden: Tensor) -> Tensor:
    assert isinstance(module, MotionModule)
    return context.motion(module, hidden)
