"""The two energies of the score guidance, from features of both branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from mf_backend.models.running.tape import Seed
from mf_backend.sampler.conditions import Masks

_TERMS = 4
_FOREGROUND, _CONTENT, _CONTRAST, _INPAINT = range(_TERMS)


@dataclass(frozen=True)
class LossWeights:
    """Constants of the released code. Its `loss_scale` does not reach the inpaint term."""

    foreground: float = 4.0
    content: float = 6.0
    contrast: float = 1.2
    inpaint: float = 1.2
    loss_scale: float = 0.5
    steepness: float = 4.0


WEIGHTS = LossWeights()


@dataclass(frozen=True)
class Regions:
    """How many mask pixels each feature cell holds, for each region, float32 [frames, h, w].

    The released code enlarges the features (nearest) to the grid of the masks. A cell's value
    then occurs once for each grid pixel in it, so a mean over mask pixels is a mean over cells
    weighted by these counts: exact, and without the enlarged features.
    """

    edit: Sequence[Tensor]
    reference: Sequence[Tensor]

    @staticmethod
    def of(masks: Masks, height: int, width: int) -> Regions:
        """For features of `height` x `width` cells."""
        cell = masks.source.shape[2] // height
        s, t = masks.source, masks.target
        vacated, common, not_source = s * (1 - t), (1 - s) * (1 - t), 1 - s

        def count(region: Tensor) -> Tensor:
            return functional.avg_pool2d(region, cell).squeeze(1) * cell**2

        edit = [count(t), count(vacated), count(common), count(vacated)]
        reference = [count(s), edit[_CONTENT], edit[_CONTRAST], count(not_source)]
        return Regions(edit, reference)


def similarities(edit: Tensor, reference: Tensor, regions: Regions) -> Tensor:
    """Per frame and term, how alike edit and reconstruction are: float32 [4, frames].

    `edit` and `reference` are features [frames, C, h, w]. With m(phi | A) the mean over region A
    and cos over channels:

        foreground: cos(m(phi_e | T), m(phi_r | S))
        content:    m(cos(phi_e, phi_r) | S(1-T))
        contrast:   m((cos(phi_e, phi_r) + 1) / 2 | (1-S)(1-T))
        inpaint:    (cos(m(phi_e | S(1-T)), m(phi_r | 1-S)) + 1) / 2

    An empty region gives a finite value without meaning; see `energies`.
    """
    edit, reference = edit.float(), reference.float()
    cosine = functional.cosine_similarity(edit, reference, dim=1)
    of_edit, of_reference = regions.edit, regions.reference

    def mean_cosine(term: int) -> Tensor:
        return functional.cosine_similarity(
            _mean(edit, of_edit[term]), _mean(reference, of_reference[term]), dim=1
        )

    def cosine_mean(term: int) -> Tensor:
        return _mean(cosine.unsqueeze(1), of_edit[term]).squeeze(1)

    return torch.stack(
        [
            mean_cosine(_FOREGROUND),
            cosine_mean(_CONTENT),
            (cosine_mean(_CONTRAST) + 1) / 2,
            (mean_cosine(_INPAINT) + 1) / 2,
        ]
    )


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    """Mean of [frames, C, h, w] weighted by `counts` [frames, h, w]: [frames, C].

    A sum, not a matrix product: torch sums pairwise, which a product over thousands of nearly
    equal cosines does not, to an error of 1e-5.
    """
    weights = counts / counts.sum(dim=(1, 2), keepdim=True).clamp(min=1)
    return (values * weights.unsqueeze(1)).flatten(2).sum(dim=2)


@dataclass(frozen=True)
class Presence:
    """Which frames have pixels in each term's regions, bool [4, frames]."""

    edit: Tensor
    reference: Tensor

    @staticmethod
    def of(regions: Regions) -> Presence:
        """From the pixel counts."""
        edit, reference = (
            torch.stack([counts.flatten(1).sum(dim=1) > 0 for counts in side])
            for side in (regions.edit, regions.reference)
        )
        return Presence(edit, reference)


def energies(
    similarity: Tensor, presence: Presence, *, skip_empty: bool, weights: LossWeights = WEIGHTS
) -> tuple[Tensor, Tensor]:
    """Foreground and background energy from the similarities [layers, 4, frames].

        fg = sum_l 0.5 * 4.0 / (1 + 4 mean_f foreground)
        bg = sum_l 0.5 * 6.0 / (1 + 4 mean_f content) + 0.5 * 1.2 * mean_f contrast
                 + 1.2 / (1 + 4 mean_f inpaint)

    A frame in which a term's region is empty leaves the mean with `skip_empty`, and a term that
    is left without frames is 0. Otherwise (released) it makes the mean NaN.
    """
    present = presence.edit & presence.reference
    if skip_empty:
        counted = present.to(similarity.dtype)
        mean = (similarity * counted).sum(dim=2) / counted.sum(dim=1).clamp(min=1)
    else:
        mean = similarity.masked_fill(~present, torch.nan).mean(dim=2)

    def quotient(term: int, weight: float) -> Tensor:
        return weight / (1 + weights.steepness * mean[:, term])

    scale = weights.loss_scale
    terms = [
        quotient(_FOREGROUND, scale * weights.foreground),
        quotient(_CONTENT, scale * weights.content),
        scale * weights.contrast * mean[:, _CONTRAST],
        quotient(_INPAINT, weights.inpaint),
    ]
    sums = [term.sum() for term in terms]
    if skip_empty:
        some = present.any(dim=1)
        sums = [
            torch.where(some[k], value, torch.zeros_like(value)) for k, value in enumerate(sums)
        ]
    return sums[_FOREGROUND], sums[_CONTENT] + sums[_CONTRAST] + sums[_INPAINT]


@dataclass
class LossGradients:
    """Energies, and for each feature what gives the gradients of the two for some frames."""

    foreground: Tensor
    background: Tensor
    seeds: list[tuple[Tensor, Seed]]


def loss_gradients(
    edit: Sequence[Tensor],
    reference: Sequence[Tensor],
    masks: Masks,
    *,
    scale: float,
    skip_empty: bool,
    frames_at_once: int | None = None,
) -> LossGradients:
    """d(scale * fg) / d(feature) and d(scale * bg) / d(feature) for each feature of the edit.

    The energies depend on the features only through the few numbers of `similarities`. Those are
    computed first, without a graph. What comes back gives the gradients of as many frames at a
    time as it is asked for, so that neither a graph nor a gradient over all frames need exist.
    """
    regions = [Regions.of(masks, *feature.shape[2:]) for feature in edit]
    presence = Presence.of(regions[0])
    count = edit[0].shape[0]
    step = frames_at_once or count
    slices = [slice(start, min(start + step, count)) for start in range(0, count, step)]
    with torch.no_grad():
        similarity = torch.stack(
            [
                torch.cat(
                    [similarities(e[part], r[part], _part(region, part)) for part in slices], dim=1
                )
                for e, r, region in zip(edit, reference, regions, strict=True)
            ]
        )
    leaf = similarity.requires_grad_()
    with torch.enable_grad():
        both = energies(leaf, presence, skip_empty=skip_empty)
        outer = [torch.autograd.grad(scale * energy, leaf, retain_graph=True)[0] for energy in both]
    # Nothing flows from a mean to pixels that are not there, even where the mean is NaN.
    outer = [gradient.masked_fill(~presence.edit, 0) for gradient in outer]
    seeds: list[tuple[Tensor, Seed]] = [
        (e, _seed(e, r, region, [gradient[layer] for gradient in outer]))
        for layer, (e, r, region) in enumerate(zip(edit, reference, regions, strict=True))
    ]
    return LossGradients(both[0].detach(), both[1].detach(), seeds)


def _seed(edit: Tensor, reference: Tensor, regions: Regions, outer: Sequence[Tensor]) -> Seed:
    """Gradients of both energies with respect to some frames of one feature."""

    def seed(start: int, length: int) -> list[Tensor]:
        part = slice(start, start + length)
        feature = edit[part].detach().requires_grad_()
        with torch.enable_grad():
            inner = similarities(feature, reference[part], _part(regions, part))
        return [
            torch.autograd.grad(inner, feature, gradient[:, part], retain_graph=True)[0]
            for gradient in outer
        ]

    return seed


def _part(regions: Regions, part: slice) -> Regions:
    return Regions(
        [counts[part] for counts in regions.edit], [counts[part] for counts in regions.reference]
    )
