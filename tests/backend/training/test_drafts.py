"""The preview's pictures of shots, from which the networks learn to finish them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.progress import NullReporter
from mf_backend.models.config import ScheduleConfig
from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.training.data.batches import Drawer
from mf_backend.training.data.drafts import make_drafts
from mf_backend.training.data.shots import read_shots
from mf_backend.training.learning.objective import Objective
from mf_backend.training.recipe import Recipe, Stage
from tests.backend.training.conftest import SIDE, make_shots


def test_previews_of_both_takes_are_drawn_once_and_learnt_from(
    recipe: Recipe, tmp_path: Path
) -> None:
    folder = make_shots(tmp_path, count=1, frames=4)
    assert make_drafts(folder, NullReporter()) == 2
    assert make_drafts(folder, NullReporter()) == 0
    take = folder / "shot-0" / "truth"
    draft, truth = (read_image(take / kind / "000003.png") for kind in ("preview", "frames"))
    source = read_image(folder / "shot-0" / "source" / "frames" / "000003.png")
    assert (
        np.abs(draft.astype(int) - truth).mean() < 0.5 * np.abs(source.astype(int) - truth).mean()
    )
    assert not [p for p in take.parent.rglob("*") if p.is_dir() and p.name.startswith(".")]

    shots = read_shots(folder, SIDE, 2, NullReporter())
    drawn = Drawer(shots, replace(recipe, from_preview=1.0, recoloured=1.0, batch=6), 16, 1000)
    batch = drawn.batch(Stage.IMAGES, 0)
    assert (batch.drafted > 0).all() and (batch.drafted <= 1).all()
    assert int(batch.timesteps.min()) >= 50 and int(batch.timesteps.max()) < 700
    # Draft and truth are the same where nobody is, also recoloured and in a mirror.
    nobody = torch.nn.functional.interpolate(batch.person, scale_factor=8) == 0
    away = (batch.draft - batch.truth).abs()
    assert float((away * nobody).max()) < 0.1 < float(away.max())
    plain = Drawer(shots, recipe, 16, 1000).batch(Stage.IMAGES, 0)
    assert not plain.drafted.any() and torch.equal(plain.draft, plain.truth)


def test_the_wanted_v_leads_from_the_preview_to_the_truth() -> None:
    objective, schedule = Objective(ScheduleConfig(), 5.0, 1.0), Schedule(ScheduleConfig(), 10)
    clean, begun, noise = torch.randn(3, 2, 4, 2, 2)
    steps = torch.tensor([50, 600])
    noisy, v = objective.mended(clean, begun, noise, steps)
    for k, timestep in enumerate(steps.tolist()):
        assert torch.allclose(noisy[k], schedule.mix(timestep, begun[k], noise[k]), atol=1e-5)
        assert torch.allclose(schedule.clean(timestep, noisy[k], v[k]), clean[k], atol=1e-4)
