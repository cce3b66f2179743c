"""Batches: what the networks see and should paint, drawn by number.

Slot k of batch n of a stage is drawn from (seed, stage, n, k) and nothing else, so that a run that
goes on, or one on several cards, sees what an uninterrupted one on a single card sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mf_backend.contracts.errors import InputError
from mf_backend.engines.motionfollower.inputs import draw_pose
from mf_backend.sampler.conditions import clip_pixels
from mf_backend.sampler.state import mixed_noise
from mf_backend.training.data.looks import Look, draw_look, seen, seen_draft, seen_joints
from mf_backend.training.data.shots import Array, Shot
from mf_backend.training.recipe import Recipe, Stage

_DROP_TOKEN, _DROP_ALL = 1, 2
_DRAFTED = (0.05, 0.7)
"""Shares of the timesteps between which noise is put on drafts: the start strengths of use, and
what is left on the way down from them."""
_WHOLE = 0.5
"""Share of drafted samples that begin with the preview alone."""


@dataclass(frozen=True)
class Batch:
    """Frames of one batch; those of a clip lie together."""

    reference: Tensor
    """[n, 3, S, S] in [-1, 1]."""
    clip_pixels: Tensor
    """The same as CLIP takes it, [n, 3, 224, 224]."""
    pose: Tensor
    """The wanted skeletons [n, 3, S, S] in [0, 1]."""
    truth: Tensor
    """[n, 3, S, S] in [-1, 1]."""
    draft: Tensor
    """The preview's pictures [n, 3, S, S] in [-1, 1]; the truth where `drafted` is 0."""
    drafted: Tensor
    """How much of the preview the pictures show that noise is put on [n, 1, 1, 1], 0 to 1."""
    person: Tensor
    """Where the person is or was in the reference, at latent size [n, 1, S/8, S/8] in [0, 1]."""
    timesteps: Tensor
    """int64 [n], one for all frames of a clip."""
    noise: Tensor
    """[n, channels, S/8, S/8]."""
    keeps_token: Tensor
    """[n, 1, 1], 0 where the token is left out."""
    keeps_reference: Tensor
    """[n, 1, 1, 1], 0 where the reference's features are."""

    def to(self, device: torch.device) -> Batch:
        """All of it on a device."""
        return Batch(**{item.name: getattr(self, item.name).to(device) for item in fields(self)})


@dataclass(frozen=True)
class Pictures:
    """Frames of a clip or a single one, uint8: pictures [n, S, S, 3], `person` [n, S, S]."""

    reference: Array
    pose: Array
    truth: Array
    person: Array
    draft: Array | None = None


def joined(parts: Sequence[Batch]) -> Batch:
    """One batch of several."""
    names = [item.name for item in fields(Batch)]
    return Batch(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


class Drawer:
    """Draws batches from shots."""

    def __init__(
        self, shots: Sequence[Shot], recipe: Recipe, channels: int, train_timesteps: int
    ) -> None:
        self._shots = list(shots)
        self._plated = [shot for shot in shots if shot.plate is not None]
        self._recipe = recipe
        self._channels = channels
        self._last = train_timesteps - 1
        # Long shots count for what they hold.
        sizes = np.array([sum(map(len, shot.takes)) for shot in shots], np.float64)
        self._chances = sizes / sizes.sum()

    def batch(self, stage: Stage, number: int, rank: int = 0, ranks: int = 1) -> Batch:
        """Batch `number` of a stage; of several ranks, the part of one of them.

        Raises InputError where a batch cannot be shared out evenly.
        """
        slots = self._recipe.clips if stage is Stage.CLIPS else self._recipe.batch
        if slots % ranks:
            raise InputError(
                "train-ranks",
                f"A batch of {slots} cannot be shared evenly by {ranks} processes.",
                "Choose a batch that is a multiple of their number.",
            )
        parts = [self._slot(stage, number, slot) for slot in range(rank, slots, ranks)]
        return joined(parts)

    def _slot(self, stage: Stage, number: int, slot: int) -> Batch:
        recipe = self._recipe
        sequence = np.random.SeedSequence([recipe.seed, list(Stage).index(stage), number, slot])
        random = np.random.default_rng(sequence)
        shot = self._shots[int(random.choice(len(self._shots), p=self._chances))]
        look = draw_look(random, recipe, shot, self._plated)
        frames = recipe.clip_frames if stage is Stage.CLIPS else 1
        begun = _drafted(random, recipe, shot, frames)
        if begun:
            # A draft has no matte by which person and set could be told apart.
            look = replace(look, ground=look.person, plate=None)
            pictures = _choose_draft(random, shot, look, frames)
            low, high = _DRAFTED
            # Squared, so that half of them lie in the lowest quarter: where small strengths begin.
            timestep = round((low + (high - low) * random.random() ** 2) * self._last)
        else:
            pictures = _choose(random, shot, look, frames, recipe.own_reference)
            timestep = int(random.integers(self._last + 1))
            if random.random() < recipe.last_timestep:
                timestep = self._last
        dropped = random.random(2)
        what = _DROP_TOKEN if dropped[0] < recipe.token_dropped else 0
        what = _DROP_ALL if dropped[1] < recipe.reference_dropped else what
        generator = torch.Generator().manual_seed(int(random.integers(2**63)))
        share = timestep / self._last if begun else 1.0
        return as_batch(pictures, timestep, what, self._channels, generator, begun, share)


def _drafted(random: np.random.Generator, recipe: Recipe, shot: Shot, frames: int) -> float:
    """How much of the preview a sample begins with, 0 for none: often all of it, as a denoising
    does, else less, as it does in its later steps."""
    wanted, whole, share = random.random(3)
    drafts = [take.drafts for take in shot.takes]
    if wanted >= recipe.from_preview or any(d is None or len(d) < frames for d in drafts):
        return 0.0
    return 1.0 if whole < _WHOLE else float(share)


def _choose_draft(random: np.random.Generator, shot: Shot, look: Look, frames: int) -> Pictures:
    """A clip of the wanted take with its drafts; references are the frames they were made from."""
    wanted = int(random.integers(len(shot.takes)))
    drafts = shot.takes[wanted].drafts
    assert drafts is not None
    start = int(random.integers(len(drafts) - frames + 1))
    numbers = np.arange(start, start + frames)
    pictures = pictures_of(shot, wanted, numbers, 1 - wanted, numbers, look)
    shown = [seen_draft(drafts[int(number)], look) for number in numbers]
    return replace(pictures, draft=np.stack(shown))


def _choose(
    random: np.random.Generator, shot: Shot, look: Look, frames: int, own: float
) -> Pictures:
    """A clip of the wanted take and its references, in one look."""
    wanted = int(random.integers(len(shot.takes)))
    other = int(random.integers(len(shot.takes)))
    if len(shot.takes) > 1 and random.random() < 0.8:
        other = 1 - wanted
    take, reference = shot.takes[wanted], shot.takes[other]
    start = int(random.integers(len(take) - frames + 1))
    numbers = np.arange(start, start + frames)
    begin = int(random.integers(len(reference) - frames + 1))
    # A set that moves past the camera is the same only in frames of one number.
    aligned = shot.moving_camera or random.random() < 0.5
    # Of a clip alone a frame of the same number is the wanted one itself.
    aligned = aligned and len(shot.takes) > 1
    origins = np.minimum(numbers, len(reference) - 1) if aligned else begin + np.arange(frames)
    if random.random() < own:
        reference, origins = take, numbers
    return pictures_of(shot, wanted, numbers, other if reference is not take else wanted, origins,
                       look)  # fmt: skip


def pictures_of(
    shot: Shot,
    wanted: int,
    numbers: Sequence[int] | NDArray[np.int64],
    other: int,
    origins: Sequence[int] | NDArray[np.int64],
    look: Look,
) -> Pictures:
    """Frames `numbers` of take `wanted`, to be painted after frames `origins` of take `other`."""
    take, reference = shot.takes[wanted], shot.takes[other]
    side = take.pictures.shape[2]
    truths = [seen(take, int(n), look, shot.plate) for n in numbers]
    before = [seen(reference, int(n), look, shot.plate) for n in origins]
    poses = [draw_pose(seen_joints(take, int(n), look), (side, side), side) for n in numbers]
    return Pictures(
        np.stack([picture for picture, _ in before]),
        np.stack(poses),
        np.stack([picture for picture, _ in truths]),
        np.stack([np.maximum(a, b) for (_, a), (_, b) in zip(truths, before, strict=True)]),
    )


def as_batch(
    pictures: Pictures,
    timestep: int,
    dropped: int,
    channels: int,
    generator: torch.Generator,
    drafted: float = 0.0,
    own_noise: float = 1.0,
) -> Batch:
    """Tensors of one slot; `own_noise` is each frame's share of the noise, see `mixed_noise`."""
    count, side = pictures.truth.shape[:2]
    person = torch.from_numpy(pictures.person).float().unsqueeze(1) / 255
    noise = torch.randn((count, channels, side // 8, side // 8), generator=generator)
    if own_noise < 1:
        common = torch.randn((1, *noise.shape[1:]), generator=generator)
        noise = mixed_noise(noise, common, own_noise)
    return Batch(
        _values(pictures.reference) * 2 - 1,
        torch.stack([clip_pixels(picture) for picture in pictures.reference]),
        _values(pictures.pose),
        _values(pictures.truth) * 2 - 1,
        _values(pictures.truth if pictures.draft is None else pictures.draft) * 2 - 1,
        torch.full((count, 1, 1, 1), drafted),
        torch.nn.functional.max_pool2d(person, 8),
        torch.full((count,), timestep, dtype=torch.int64),
        noise,
        torch.full((count, 1, 1), float(dropped == 0)),
        torch.full((count, 1, 1, 1), float(dropped != _DROP_ALL)),
    )


def _values(pictures: Array) -> Tensor:
    """uint8 [n, H, W, 3] to float32 [n, 3, H, W] in [0, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
