"""A denoising that starts from the preview's pictures instead of noise."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mf_backend.clip import write_png
from mf_backend.contracts.errors import CancelledError, InputError
from mf_backend.contracts.files import write_json
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import Quality, Sampler, Solver
from mf_backend.engines import load_engine
from mf_backend.engines.motionfollower.options import sampler_options
from mf_backend.engines.motionfollower.start import start_key
from mf_backend.models.config import CONFIG_NAME, ModelConfig
from mf_backend.sampler.options import Solver as Solving
from mf_backend.sampler.state import SamplerState
from mf_backend.weights.loading import load_models

from .test_engine import Watcher, opened, render, settings_of

MakeJob = Callable[..., Path]
LAST_STEP = {"steps": 1000, "start_strength": 0.001}
"""One step of a thousand, whose noise is next to none."""


def latents(weights: Path, picture: Picture) -> torch.Tensor:
    """Latents [4, h, w] of a picture [H, W, 3] whose sides are multiples of 64."""
    vae = load_models(weights, device=torch.device("cpu"), dtype=torch.float32).vae
    values = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        return vae.encode(values).latent_dist.mean[0] * vae.config.scaling_factor


def result(folder: Path, **changes: object) -> torch.Tensor:
    """The latents of the second frame of a render."""
    render(folder, **changes)
    (kept,) = (folder / "work").glob("sampler-*.safetensors")
    return SamplerState.load(kept, "cpu").edit[1]


def test_with_next_to_no_noise_the_preview_comes_out(
    diffusion_job: MakeJob, tiny_weights: Path
) -> None:
    folder = diffusion_job(count=2)
    with opened(folder) as job:
        previews = dict(load_engine("preview").render(job, [0, 1], NullReporter()))
    expected = latents(tiny_weights, previews[1])
    started, noise = (result(folder, **changes) for changes in (LAST_STEP, {"steps": 2}))
    near, far = (float((found - expected).square().mean()) for found in (started, noise))
    print(f"from the preview {near:.4f}, from noise {far:.4f}")
    assert near < 0.05 * far


def test_only_the_steps_that_are_left_are_done(diffusion_job: MakeJob) -> None:
    watcher = Watcher()
    render(diffusion_job(), watcher, steps=10, start_strength=0.3)
    notes = [note for _, note in watcher.steps]
    assert [note for note in notes if note.startswith("step")][-3:] == [
        f"step {step} of 10" for step in (8, 9, 10)
    ]
    assert "step 7 of 10" not in notes and "the preview to start from" in notes
    done = [step for step, _ in watcher.steps]
    assert done == sorted(done) and done[-1] == watcher.total


def test_broken_off_and_gone_on_with_gives_the_same_bytes(diffusion_job: MakeJob) -> None:
    chosen = {"steps": 5, "start_strength": 0.8}
    whole = render(diffusion_job("a", count=2), **chosen)
    folder = diffusion_job("b", count=2)
    for place in ("the clip to start from", "step 3 of"):
        with pytest.raises(CancelledError):
            render(folder, Watcher(cancel_at=place), **chosen)
    resumed = Watcher()
    frames = render(folder, resumed, **chosen)
    notes = {note for _, note in resumed.steps}
    assert not notes & {"the preview to start from", "step 2 of 5"}
    assert all(np.array_equal(whole[i], frames[i]) for i in whole)


def test_the_weights_say_what_suits_them(
    diffusion_job: MakeJob, tiny_weights: Path, odd_path: Path
) -> None:
    folder = diffusion_job()
    own = odd_path / "own"
    shutil.copytree(tiny_weights, own)
    config = dataclasses.replace(ModelConfig.from_folder(tiny_weights), start_strength=0.4)
    write_json(own / CONFIG_NAME, config.to_dict())
    engine = load_engine("motionfollower")

    def made_from(weights: Path, strength: float) -> dict[str, str]:
        settings = settings_of(folder, weights=str(weights), start_strength=strength)
        return engine.fingerprint(settings)

    assert made_from(own, 0.0) == made_from(own, 0.4) != made_from(own, 1.0)
    assert made_from(tiny_weights, 0.0) == made_from(tiny_weights, 1.0)
    # Takes from before there was a start must not be made again.
    assert "start" not in made_from(own, 1.0) and "start" in made_from(own, 0.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"start_strength": 0.5}, "starts from noise alone"), ({"solver": Solver.UNIPC}, "not unipc")],
)
def test_the_released_sampler_is_what_was_released(
    diffusion_job: MakeJob, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        render(diffusion_job(), sampler=Sampler.RELEASED, **changes)


def test_the_solver_is_the_qualitys_or_the_chosen_one(diffusion_job: MakeJob) -> None:
    plain = settings_of(diffusion_job(), steps=0)
    chosen = [
        sampler_options(dataclasses.replace(plain, quality=quality, solver=solver), ModelConfig())
        for quality, solver in (
            (Quality.FINAL, Solver.AUTO),
            (Quality.DRAFT, Solver.AUTO),
            (Quality.FINAL, Solver.UNIPC),
        )
    ]
    assert [options.solver for options in chosen] == [
        Solving.DDIM,
        Solving.DPM_SOLVER_2M,
        Solving.UNIPC,
    ]
    assert [options.steps for options in chosen] == [50, 8, 50]


def test_what_the_preview_sees_is_part_of_the_key(diffusion_job: MakeJob) -> None:
    with opened(diffusion_job()) as job:
        before = start_key(job)
        assert start_key(job) == before
        front = np.zeros((128, 128), np.uint8)
        write_png(job.conditions.path("source_front", 1), front)
        assert start_key(job) != before
