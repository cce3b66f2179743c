"""The energies against a direct reading of their definition, on enlarged features."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mf_backend.sampler.conditions import Masks
from mf_backend.sampler.guidance.energies import LossGradients, loss_gradients

FRAMES, SIDE = 4, 8
SCALE = 4000.0


def _features(seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn((FRAMES, 6, side, side), generator=generator) + 0.5
        for side in (SIDE // 2, SIDE)
    ]


def _masks(same_in: int | None = None) -> Masks:
    source = torch.zeros(FRAMES, 1, 2 * SIDE, 2 * SIDE)
    target = torch.zeros_like(source)
    for i in range(FRAMES):
        # Odd edges, so that the masks cut through feature cells.
        source[i, :, 3:11, 1 + i : 8 + i] = 1
        moved = 0 if i == same_in else 3
        target[i, :, 3:11, 1 + i + moved : 8 + i + moved] = 1
    return Masks(source, target)


def _by_definition(
    edit: list[Tensor], reference: list[Tensor], masks: Masks
) -> tuple[Tensor, Tensor]:
    """Both energies with the features enlarged to the masks' grid and pixels picked by mask."""
    grid = masks.source.shape[2:]
    fg = torch.zeros((), dtype=torch.float64)
    bg = torch.zeros((), dtype=torch.float64)
    s, t = masks.source[:, 0] > 0, masks.target[:, 0] > 0
    for phi_e, phi_r in zip(edit, reference, strict=True):
        e, r = (functional.interpolate(phi, grid) for phi in (phi_e, phi_r))

        def pick(values: Tensor, region: Tensor, i: int) -> Tensor:
            return values[i][:, region[i]].mean(dim=1)

        cosine = functional.cosine_similarity(e, r, dim=1)
        frames = range(e.shape[0])
        cos = functional.cosine_similarity
        fore = [cos(pick(e, t, i), pick(r, s, i), dim=0) for i in frames]
        content = [cosine[i][(s & ~t)[i]].mean() for i in frames]
        contrast = [((cosine[i][(~s & ~t)[i]] + 1) / 2).mean() for i in frames]
        paint = [(cos(pick(e, s & ~t, i), pick(r, ~s, i), dim=0) + 1) / 2 for i in frames]
        means = [torch.stack(item).mean() for item in (fore, content, contrast, paint)]
        fg = fg + 0.5 * 4.0 / (1 + 4 * means[0])
        bg = bg + 0.5 * 6.0 / (1 + 4 * means[1]) + 0.5 * 1.2 * means[2] + 1.2 / (1 + 4 * means[3])
    return fg, bg


@dataclass
class _Ours:
    """Energies, and for each feature both gradients in full."""

    foreground: Tensor
    background: Tensor
    gradients: list[list[Tensor]]


def _whole(losses: LossGradients, at_once: int | None = None) -> _Ours:
    step = at_once or FRAMES
    gradients = []
    for feature, seed in losses.seeds:
        count = feature.shape[0]
        parts = [seed(i, min(step, count - i)) for i in range(0, count, step)]
        gradients.append([torch.cat(column) for column in zip(*parts, strict=True)])
    return _Ours(losses.foreground, losses.background, gradients)


def _ours(masks: Masks, *, skip_empty: bool, at_once: int | None = None) -> _Ours:
    losses = loss_gradients(
        _features(1),
        _features(2),
        masks,
        scale=SCALE,
        skip_empty=skip_empty,
        frames_at_once=at_once,
    )
    return _whole(losses, at_once)


@pytest.mark.parametrize("skip_empty", [False, True])
@pytest.mark.parametrize("at_once", [None, 3])
def test_counting_mask_pixels_is_exact(skip_empty: bool, at_once: int | None) -> None:
    ours = _ours(_masks(), skip_empty=skip_empty, at_once=at_once)
    edit = [feature.double().requires_grad_() for feature in _features(1)]
    fg, bg = _by_definition(edit, [f.double() for f in _features(2)], _masks())
    assert float(ours.foreground) == pytest.approx(fg.item(), rel=1e-5)
    assert float(ours.background) == pytest.approx(bg.item(), rel=1e-5)
    for j, energy in enumerate((fg, bg)):
        expected = torch.autograd.grad(SCALE * energy, edit, retain_graph=True)
        for gradients, reference in zip(ours.gradients, expected, strict=True):
            difference = (gradients[j] - reference).norm() / reference.norm()
            assert float(difference) < 1e-5


def test_one_frame_without_vacated_region_spoils_everything_as_released() -> None:
    ours = _ours(_masks(same_in=2), skip_empty=False)
    assert ours.background.isnan()
    assert all(gradients[1][[0, 1, 3]].isnan().any() for gradients in ours.gradients)


def test_one_frame_without_vacated_region_drops_out_and_changes_no_other() -> None:
    """The vacated region's terms are then those of the clip without that frame."""
    ours = _ours(_masks(same_in=2), skip_empty=True)
    assert ours.background.isfinite()
    assert all(gradient.isfinite().all() for pair in ours.gradients for gradient in pair)
    whole = _ours(_masks(), skip_empty=True)
    assert ours.foreground.isfinite()
    others = [0, 1, 3]
    masks = _masks()
    losses = loss_gradients(
        [feature[others] for feature in _features(1)],
        [feature[others] for feature in _features(2)],
        Masks(masks.source[others], masks.target[others]),
        scale=SCALE,
        skip_empty=True,
    )
    without = _whole(losses)
    # The foreground of the other frames and the vacated pixels of the other frames.
    vacated = (masks.source * (1 - masks.target))[others]
    for k, gradients in enumerate(ours.gradients):
        cell = vacated.shape[2] // gradients[0].shape[2]
        inside = (functional.max_pool2d(vacated, cell) > 0) & (
            functional.max_pool2d((1 - masks.source[others]) * (1 - masks.target[others]), cell)
            == 0
        )
        mine = gradients[1][others] * inside
        expected = without.gradients[k][1] * inside
        assert float(expected.norm()) > 0
        assert torch.allclose(mine, expected, rtol=1e-5, atol=1e-7)
        # Its own foreground is still guided.
        assert float(gradients[0][2].abs().sum()) > 0
        assert whole.gradients[k][1].isfinite().all()


@pytest.mark.parametrize("skip_empty", [False, True])
def test_a_region_missing_in_all_frames_takes_its_term_away(skip_empty: bool) -> None:
    """As released: the loss's value is NaN then, but its gradient only misses that term."""
    source = _masks().source
    ours = _ours(Masks(source, source.clone()), skip_empty=skip_empty)
    assert bool(ours.background.isnan()) is not skip_empty
    # What remains of the background is the contrast over everything outside.
    for gradients in ours.gradients:
        assert gradients[1].isfinite().all()
        assert float(gradients[1].abs().sum()) > 0
