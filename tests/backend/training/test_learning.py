"""Noise, loss, runners and batches: what a step is made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.progress import NullReporter
from mf_backend.models.config import ModelConfig, ScheduleConfig
from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.skeleton.joints import JOINT_INDEX
from mf_backend.training.autoencoder.patches import fit_patches
from mf_backend.training.data.batches import Drawer
from mf_backend.training.data.looks import Look, seen, seen_joints
from mf_backend.training.data.shots import Shot, read_shots
from mf_backend.training.learning.networks import encode, fresh_models, predict
from mf_backend.training.learning.objective import Objective
from mf_backend.training.learning.processes import Processes
from mf_backend.training.learning.runners import LearningRunner
from mf_backend.training.learning.stepping import Stepping, rate_at
from mf_backend.training.recipe import Recipe, Stage, sample_config


@pytest.fixture(scope="module")
def read(shots: Path) -> list[Shot]:
    """The shots in memory."""
    return read_shots(shots, 64, 2, NullReporter())


def drawer(read: list[Shot], recipe: Recipe) -> Drawer:
    return Drawer(read, recipe, 16, 1000)


def test_v_is_what_the_samplers_schedule_takes_apart() -> None:
    objective = Objective(ScheduleConfig(), 5.0, 1.0)
    clean, noise = torch.randn(3, 4, 2, 2), torch.randn(3, 4, 2, 2)
    steps = torch.tensor([0, 500, 999])
    noisy, v = (f(clean, noise, steps) for f in (objective.noisy, objective.wanted))
    schedule = Schedule(ScheduleConfig(), 10)
    for k, timestep in enumerate(steps.tolist()):
        assert torch.allclose(schedule.clean(timestep, noisy[k], v[k]), clean[k], atol=1e-5)
        assert torch.allclose(schedule.noise(timestep, noisy[k], v[k]), noise[k], atol=1e-5)
    assert torch.equal(noisy[2], noise[2])  # the schedule ends in noise alone


def test_timesteps_weigh_by_their_signal_up_to_a_limit() -> None:
    every = torch.arange(1000)
    weights = Objective(ScheduleConfig(), 5.0, 1.0).weights(every)
    a = Schedule(ScheduleConfig(), 10).alphas_cumprod.double()
    assert weights[999] == 1  # also where there is no signal
    below = a / (1 - a) <= 5
    assert torch.allclose(weights[below], torch.ones(int(below.sum())))
    assert float(weights[0]) == pytest.approx(6 * float(1 - a[0]), rel=1e-4)
    assert torch.equal(Objective(ScheduleConfig(), 0, 1.0).weights(every), torch.ones(1000))


def test_errors_cost_more_where_the_person_is() -> None:
    objective, person = Objective(ScheduleConfig(), 0, 3.0), torch.zeros(1, 1, 2, 2)
    person[..., 0, 0] = 1
    wrong = torch.zeros(2, 1, 2, 2)
    wrong[0, :, 0, 0] = wrong[1, :, 1, 1] = 1
    steps, right = torch.tensor([5]), torch.zeros(1, 1, 2, 2)
    on, off = (float(objective.loss(wrong[k : k + 1], right, person, steps)) for k in (0, 1))
    assert (on, off) == pytest.approx((3 / 6, 1 / 6))


def test_clips_of_a_batch_do_not_see_each_other(
    config: ModelConfig, recipe: Recipe, read: list[Shot]
) -> None:
    models = fresh_models(config, 1)
    for name, weight in models.unet.named_parameters():
        if "motion_modules" in name and "proj_out" in name:
            torch.nn.init.normal_(weight, std=0.3)  # they begin at zero, where nothing shows
    two = drawer(read, replace(recipe, clips=2)).batch(Stage.CLIPS, 0)
    alone = drawer(read, replace(recipe, clips=2)).batch(Stage.CLIPS, 0, rank=1, ranks=2)
    with torch.no_grad():
        both = predict(models, two.noise, two, LearningRunner(3))
        second = predict(models, alone.noise, alone, LearningRunner(3))
        single = predict(models, alone.noise, alone, LearningRunner())
    assert torch.allclose(both[3:], second, atol=1e-5)
    assert float((second - single).abs().max()) > 1e-3


def test_checkpointing_gives_the_same_gradients(
    config: ModelConfig, recipe: Recipe, read: list[Shot]
) -> None:
    batch = drawer(read, recipe).batch(Stage.CLIPS, 3)
    found = []
    for checkpointing in (False, True):
        models = fresh_models(config, 2)
        stepping = Stepping(
            models, Stage.CLIPS, replace(recipe, checkpointing=checkpointing), Processes()
        )
        stepping.loss(batch).backward()
        found.append({k: w.grad for k, w in stepping.weights.items() if w.grad is not None})
    assert found[0].keys() == found[1].keys() and found[0]
    assert all(torch.allclose(found[0][k], found[1][k], atol=1e-7) for k in found[0])


@pytest.mark.parametrize("stage", list(Stage))
def test_a_stage_moves_its_weights_and_no_others(
    config: ModelConfig, recipe: Recipe, read: list[Shot], stage: Stage
) -> None:
    models = fresh_models(config, 3)
    before = {
        f"{label}/{name}": value.clone()
        for label, network in models.named().items()
        for name, value in network.state_dict().items()
    }
    stepping = Stepping(models, stage, recipe, Processes())
    stepping.take(drawer(read, recipe).batch(stage, 0))
    after = {
        f"{label}/{name}": value
        for label, network in models.named().items()
        for name, value in network.state_dict().items()
    }
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and moved <= set(stepping.weights)
    if stage is Stage.CLIPS:
        assert all(".motion_modules." in name for name in moved)


def test_a_broken_loss_moves_nothing(config: ModelConfig, recipe: Recipe, read: list[Shot]) -> None:
    models = fresh_models(config, 3)
    stepping = Stepping(models, Stage.IMAGES, recipe, Processes())
    with torch.no_grad():
        models.unet.conv_out.bias.fill_(float("nan"))
    before = models.unet.conv_in.weight.clone()
    with pytest.raises(MFError, match="no number any more") as caught:
        stepping.take(drawer(read, recipe).batch(Stage.IMAGES, 0))
    assert caught.value.code == "train-not-finite"
    assert torch.equal(models.unet.conv_in.weight, before) and stepping.step == 0


def test_a_batch_depends_on_its_number_alone(recipe: Recipe, read: list[Shot]) -> None:
    first, second = drawer(read, recipe), drawer(read, recipe)
    second.batch(Stage.IMAGES, 7)
    a, b = (d.batch(Stage.IMAGES, 3) for d in (first, second))
    assert all(torch.equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True))
    assert not torch.equal(a.noise, first.batch(Stage.IMAGES, 4).noise)
    parts = [first.batch(Stage.IMAGES, 3, rank, 2) for rank in (0, 1)]
    assert torch.equal(torch.cat([part.truth for part in parts]), a.truth)
    with pytest.raises(InputError, match="cannot be shared evenly by 3"):
        first.batch(Stage.IMAGES, 3, 0, 3)


def test_a_mirror_changes_sides_of_picture_and_joints(read: list[Shot]) -> None:
    take, look = read[0].takes[0], Look(mirrored=True)
    picture, matte = seen(take, 1, look, None)
    assert np.array_equal(picture[:, ::-1], take.pictures[1])
    joints = seen_joints(take, 1, look)
    wrist = joints[JOINT_INDEX["left_wrist"]]
    was = take.joints[1][JOINT_INDEX["right_wrist"]]
    assert wrist.tolist() == pytest.approx([63 - was[0], was[1]], abs=1e-4)
    assert matte[int(wrist[1]), int(wrist[0])] > 127


def test_another_set_lies_behind_the_same_person(read: list[Shot]) -> None:
    shot, plate = read[0], read[1].plate
    picture, matte = seen(shot.takes[0], 0, Look(plate=plate), shot.plate)
    assert plate is not None
    assert np.array_equal(picture[matte == 0], plate[matte == 0])
    assert np.array_equal(picture[matte == 255], shot.takes[0].pictures[0][matte == 255])


def test_latents_are_components_of_patches(config: ModelConfig, read: list[Shot]) -> None:
    models = fresh_models(config, 0)
    explained = fit_patches(models.vae.encoder, read, 0)
    assert explained > 0.9
    pictures = torch.from_numpy(read[0].takes[0].pictures).permute(0, 3, 1, 2) / 127.5 - 1
    latents = encode(models, pictures)
    assert latents.shape == (6, 16, 8, 8)
    # Components have no part in each other, so that their transpose leads back.
    convolution = models.vae.encoder.project
    rows = convolution.weight.flatten(1).double()
    products = rows @ rows.T
    assert torch.allclose(products, torch.diag(products.diagonal()), atol=1e-6)
    values = latents - convolution.bias.view(1, -1, 1, 1)
    back = torch.linalg.pinv(rows) @ values.permute(1, 0, 2, 3).flatten(1).double()
    cells = pictures.unfold(2, 8, 8).unfold(3, 8, 8).permute(1, 4, 5, 0, 2, 3).flatten(0, 2)
    errors = back - cells.flatten(1).double()
    assert float(errors.square().mean()) < 0.1 * float(cells.double().var())


def test_rates_rise_stay_and_fall(recipe: Recipe) -> None:
    long = replace(recipe, image_steps=100, warm_up=10, rate=1.0)
    rates = [rate_at(long, Stage.IMAGES, step) for step in range(100)]
    assert rates[0] == 0.1 and rates[20] == rates[80] == 1
    assert rates[99] == pytest.approx(0.05) and rates[90] == pytest.approx(0.5)


def test_the_sample_sets_networks_are_small() -> None:
    models = fresh_models(sample_config(), 0)
    numbers = {name: sum(p.numel() for p in net.parameters())
               for name, net in models.named().items()}  # fmt: skip
    assert 5e6 < numbers["unet"] < 7e6
    assert 2 * sum(numbers.values()) < 20e6
