"""What the denoising is conditioned on, computed once before it starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mf_backend.contracts.errors import InputError
from mf_backend.models.denoiser.unet import MotionUNet, UNetConditions
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.frame_store import FrameStore
from mf_backend.sampler.inputs import MULTIPLE, SamplerInputs
from mf_backend.sampler.memory import MemoryPlan, resident
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.windows import Window, plan_windows

# Mean and standard deviation that CLIP was trained with (Radford et al., arXiv 2103.00020).
_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
_LATENT = 8
GRID = 2
"""The masks' own grid has this many cells along a latent's side, as the guidance uses it."""


@dataclass(frozen=True)
class Masks:
    """Source and target mask of some frames on the guidance grid, float32 [frames, 1, 2h, 2w]."""

    source: Tensor
    target: Tensor

    def at(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Both, resized (nearest) to [frames, 1, height, width]."""
        size = (height, width)
        return (
            functional.interpolate(self.source, size),
            functional.interpolate(self.target, size),
        )


@dataclass(frozen=True)
class WindowConditions:
    """One window's conditions on the device.

    `source` and `target` differ in the pose; `unconditional` is `target` with the CLIP token of
    zeros. `guide_source` and `guide_target` are for the guidance network.
    """

    source: UNetConditions
    target: UNetConditions
    unconditional: UNetConditions
    guide_source: UNetConditions
    guide_target: UNetConditions
    masks: Masks


@dataclass
class Conditions:
    """Conditions of a whole clip. `size` is the clip's (height, width), `padded` the network's."""

    frames: int
    size: tuple[int, int]
    padded: tuple[int, int]
    windows: list[Window]
    store: FrameStore
    device: torch.device
    dtype: torch.dtype
    channels: int = 4
    """Of the latents."""
    _cached: tuple[Window, WindowConditions] | None = field(default=None, repr=False)

    @property
    def latent_shape(self) -> tuple[int, int, int, int]:
        """[frames, channels, h, w] of the whole clip."""
        return (self.frames, self.channels, self.padded[0] // _LATENT, self.padded[1] // _LATENT)

    def masks(self, frames: slice) -> Masks:
        """Masks of some frames, on the device."""
        source, target = (
            self.store.read(name, frames, self.device).float()
            for name in ("mask.source", "mask.target")
        )
        return Masks(source, target)

    def target_mask(self) -> Tensor:
        """The whole clip's target mask at latent size, bool [frames, 1, h, w], on the device."""
        grid = self.store.read("mask.target", slice(None), torch.device("cpu"))
        # Nearest, as `Masks.at` resizes.
        return (grid[:, :, ::GRID, ::GRID] > 0).to(self.device)

    def window(self, models: ModelSet, window: Window) -> WindowConditions:
        """One window's conditions; the last window asked for is kept."""
        if self._cached is not None and self._cached[0] == window:
            return self._cached[1]
        self._cached = None
        loaded = self._load(models, window)
        self.keep(window, loaded)
        return loaded

    def keep(self, window: Window, given: WindowConditions) -> None:
        """Let `window` have these conditions, until another window is asked for."""
        self._cached = (window, given)

    def kept(self) -> WindowConditions:
        """The conditions of the window that was asked for last. Raises ValueError before that."""
        if self._cached is None:
            raise ValueError("no window's conditions are there yet")
        return self._cached[1]

    def _read(self, name: str, window: Window) -> Tensor:
        return self.store.read(name, window.frames, self.device)

    def _load(self, models: ModelSet, window: Window) -> WindowConditions:
        token = self._read("token", window)
        zeros = torch.zeros_like(token[:1])
        poses = [_channels_last(self._read(f"pose.{side}", window)) for side in _SIDES]

        def pair(unet: MotionUNet, prefix: str) -> tuple[UNetConditions, UNetConditions]:
            levels = len(unet.config.block_out_channels)
            appearance = [
                _channels_last(self._read(f"{prefix}.{k}", window)) for k in range(levels)
            ]
            cross = unet.cross_constants(token)
            first, second = (UNetConditions(pose, appearance, cross) for pose in poses)
            return first, second

        with torch.no_grad():
            source, target = pair(models.unet, _APPEARANCE)
            unconditional = UNetConditions(
                target.pose, target.appearance, models.unet.cross_constants(zeros)
            )
            guide = (source, target)
            if _has_guide(self.store) and models.estimator is not None:
                guide = pair(models.estimator, _GUIDE_APPEARANCE)
        return WindowConditions(
            source, target, unconditional, *guide, masks=self.masks(window.frames)
        )


_SIDES = ("source", "target")
_APPEARANCE = "appearance"
_GUIDE_APPEARANCE = "estimator.appearance"


def _has_guide(store: FrameStore) -> bool:
    return f"{_GUIDE_APPEARANCE}.0" in store.names()


def prepare(
    models: ModelSet,
    inputs: SamplerInputs,
    options: SamplerOptions,
    *,
    plan: MemoryPlan | None = None,
    work_folder: Path | None = None,
    on_frames: Callable[[int], None] | None = None,
) -> Conditions:
    """Compute what stays the same during all steps: CLIP tokens, appearance and pose features.

    The frames are read a few at a time. With a `work_folder` the results of clips of more than
    one window live in files there. `on_frames` is told how many frames are done. Raises
    InputError for inputs that do not fit together, before any work.
    """
    inputs.check(options)
    for i in range(len(inputs)):
        inputs.check_frame(i)
    guide = models.estimator
    if options.denoiser_features or options.energy_scale == 0:
        guide = None
    elif guide is None:
        raise InputError(
            "no-estimator",
            "The released behaviour needs a second guidance network, which is not loaded.",
            "Load the models with it, or use the default sampler.",
        )
    frames = len(inputs)
    windows = plan_windows(frames, options, models.config.motion.max_frames)
    device, dtype = models.device, models.dtype
    height, width = (-(-side // MULTIPLE) * MULTIPLE for side in inputs.size)
    store = FrameStore(frames, work_folder if len(windows) > 1 else None)
    channels = models.config.unet.in_channels
    conditions = Conditions(
        frames, inputs.size, (height, width), windows, store, device, dtype, channels
    )
    at_once = min((plan or MemoryPlan()).frames or 4, 4)
    used = [models.image_encoder, models.pose_controller, models.unet.appearance_adapter]
    if guide is not None:
        used.append(guide.appearance_adapter)
    with torch.no_grad(), ExitStack() as stack:
        for network in used:
            stack.enter_context(resident(network, device))
        for start in range(0, frames, at_once):
            part = slice(start, min(start + at_once, frames))
            _prepare_part(models, guide, inputs, conditions, part)
            if on_frames is not None:
                on_frames(part.stop)
    return conditions


def _prepare_part(
    models: ModelSet,
    guide: MotionUNet | None,
    inputs: SamplerInputs,
    conditions: Conditions,
    part: slice,
) -> None:
    indices = range(part.start, part.stop)
    device, dtype, store = conditions.device, conditions.dtype, conditions.store
    pictures = [np.asarray(inputs.frames[i]) for i in indices]
    clip = torch.stack([clip_pixels(picture) for picture in pictures])
    embedded = models.image_encoder(clip.to(device, dtype)).image_embeds
    store.write("token", part, embedded.unsqueeze(1))
    source = pad_picture(_stack(pictures), conditions.padded, edge=True)
    source = _channels_last((source * 2 - 1).to(device, dtype))
    networks = [(models.unet, _APPEARANCE)]
    if guide is not None:
        networks.append((guide, _GUIDE_APPEARANCE))
    for network, prefix in networks:
        for k, feature in enumerate(network.appearance_features(source)):
            store.write(f"{prefix}.{k}", part, feature)
    for side, poses in zip(_SIDES, (inputs.source_poses, inputs.target_poses), strict=True):
        pose = _stack([np.asarray(poses[i]) for i in indices])
        pose = pad_picture(pose, conditions.padded, edge=False).to(device, dtype)
        store.write(f"pose.{side}", part, models.pose_controller(_channels_last(pose)))
    grid = tuple(side * GRID // _LATENT for side in conditions.padded)
    for side, masks in zip(_SIDES, (inputs.source_masks, inputs.target_masks), strict=True):
        stack = np.stack([np.asarray(masks[i]) != 0 for i in indices])
        mask = torch.from_numpy(stack).float().unsqueeze(1)
        mask = pad_picture(mask, conditions.padded, edge=False)
        store.write(f"mask.{side}", part, functional.interpolate(mask, grid).to(torch.uint8))


def clip_pixels(picture: NDArray[np.uint8]) -> Tensor:
    """CLIP's input of one picture uint8 [H, W, 3]: bicubic to 224x224, normalised; [3, 224, 224].

    The whole picture is squeezed into the square, whatever its aspect, as released.
    """
    from PIL import Image

    resized = Image.fromarray(picture).resize((224, 224), Image.Resampling.BICUBIC)
    values = torch.from_numpy(np.asarray(resized).copy()).permute(2, 0, 1).float() / 255
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (_CLIP_MEAN, _CLIP_STD))
    return (values - mean) / std


def pad_picture(pictures: Tensor, padded: tuple[int, int], *, edge: bool) -> Tensor:
    """Pad [frames, channels, H, W] at the right and bottom to `padded` (height, width).

    With `edge` the border pixels are repeated, otherwise the padding is 0.
    """
    bottom, right = padded[0] - pictures.shape[2], padded[1] - pictures.shape[3]
    if not (bottom or right):
        return pictures
    return functional.pad(pictures, (0, right, 0, bottom), mode="replicate" if edge else "constant")


def _stack(pictures: Sequence[NDArray[Any]]) -> Tensor:
    """uint8 [H, W, 3] pictures to float32 [frames, 3, H, W] in [0, 1]."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.contiguous(memory_format=torch.channels_last)
