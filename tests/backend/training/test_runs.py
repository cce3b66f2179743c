"""Whole runs: broken off and gone on with, refused, told of, and what they give."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mf_backend.clip import write_png
from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.errors import CancelledError, InputError, OutputError
from mf_backend.contracts.files import write_json, write_npz
from mf_backend.contracts.progress import NullReporter
from mf_backend.models.config import ModelConfig
from mf_backend.sampler.decode import decode_latent
from mf_backend.training.data.shots import read_shots
from mf_backend.training.learning.networks import encode
from mf_backend.training.memory import stage_bytes
from mf_backend.training.recipe import Recipe, Stage
from mf_backend.training.run import Begin, train
from mf_backend.training.written import take_from_run
from mf_backend.weights.loading import load_models
from mf_backend.weights.tiny import make_tiny_set
from mf_backend.weights.weight_set import Kind, open_set, verify


class PowerCutError(Exception):
    """Nothing was there to be saved by."""


class Stops(NullReporter):
    """Lets so many steps pass, then raises."""

    def __init__(self, after: int, how: type[Exception]) -> None:
        super().__init__()
        self._left, self._how, self._learns = after, how, False

    def begin(self, stage: str, total: int) -> None:
        """Only steps count."""
        self._learns = stage.startswith("learning")

    def advance(self, step: int, note: str = "") -> None:
        """One step less."""
        if self._learns:
            self._left -= 1
            if self._left == 0:
                raise self._how()


@pytest.fixture(scope="module")
def whole(
    shots: Path, config: ModelConfig, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A run that nothing disturbed; do not write there."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(Begin(shots, folder, config=config), RECIPE, NullReporter())
    yield folder


RECIPE = Recipe(
    decoder_steps=3, image_steps=5, clip_steps=3, batch=2, clips=1, clip_frames=3, warm_up=2,
    recoloured=0.5, other_ground=0.5, keep_every=2, show_every=100, rate=2e-3,
)  # fmt: skip


def losses(run: Path) -> list[tuple[str, int, float]]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [(x["stage"], x["step"], x["loss"]) for x in lines if "loss" in x]


def same_networks(a: Path, b: Path) -> bool:
    return open_set(a / "set").fingerprint == open_set(b / "set").fingerprint


@pytest.mark.parametrize(
    ("after", "how"), [(2, PowerCutError), (6, CancelledError), (10, PowerCutError)]
)
def test_a_run_that_was_broken_off_ends_where_the_other_did(
    shots: Path, config: ModelConfig, whole: Path, tmp_path: Path, after: int, how: type[Exception]
) -> None:
    begin = Begin(shots, tmp_path / "run", config=config)
    with pytest.raises(how):
        train(begin, RECIPE, Stops(after, how))
    train(begin, RECIPE, NullReporter())
    assert losses(tmp_path / "run") == losses(whole)
    assert same_networks(tmp_path / "run", whole)


def test_a_finished_run_can_be_made_longer_and_only_that(
    shots: Path, config: ModelConfig, whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    begin = Begin(shots, tmp_path / "run", {"clip_steps": 5}, config)
    train(begin, RECIPE, NullReporter())
    assert losses(tmp_path / "run")[-1][:2] == ("clips", 5)
    with pytest.raises(InputError, match=r"another recipe \(rate\)"):
        train(replace(begin, changes={"rate": 1e-5}), RECIPE, NullReporter())


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    shots: Path, config: ModelConfig, whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    newest = max((tmp_path / "run" / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:1000])
    reporter = NullReporter()
    train(Begin(shots, tmp_path / "run", config=config), RECIPE, reporter)
    assert [code for code, _ in reporter.warnings] == ["train-checkpoint"]
    assert losses(tmp_path / "run") == losses(whole)
    assert same_networks(tmp_path / "run", whole)


def test_other_shots_do_not_go_on_with_a_run(
    shots: Path, config: ModelConfig, whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    shutil.copytree(shots, tmp_path / "shots")
    path = tmp_path / "shots" / "shot-0" / "source" / "frames" / "000001.png"
    write_png(path, 255 - read_image(path))
    with pytest.raises(InputError, match="other shots"):
        train(Begin(tmp_path / "shots", tmp_path / "run", config=config), RECIPE, NullReporter())


def test_the_set_opens_and_its_autoencoder_works_both_ways(whole: Path, shots: Path) -> None:
    found = open_set(whole / "set")
    assert found.kind is Kind.TRAINED and set(verify(whole / "set").values()) == {"ok"}
    assert found.notes["train shots"].startswith("3, 36 frames")
    models = load_models(whole / "set")
    picture = read_image(shots / "shot-0" / "source" / "frames" / "000001.png")
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    latent = encode(models, pixels)
    assert latent.shape == (1, 16, 8, 8) and float(latent.abs().max()) < 30
    assert decode_latent(models.vae, latent[0]).shape == (3, 64, 64)


def test_what_a_run_has_learnt_can_be_taken_while_it_goes_on(
    shots: Path, config: ModelConfig, whole: Path, tmp_path: Path
) -> None:
    made = take_from_run(whole, tmp_path / "ended", {"note": "mine"}, replace_set=False)
    assert made.fingerprint == open_set(whole / "set").fingerprint
    assert made.notes["note"] == "mine" and made.notes["stands at"] == "clips, step 3"
    assert made.notes["train shots"].startswith("3, 36 frames") and "cores" in made.notes["machine"]
    begin = Begin(shots, tmp_path / "run", config=config)
    with pytest.raises(InputError, match="no training run"):
        take_from_run(begin.run, tmp_path / "half", {}, replace_set=False)
    with pytest.raises(PowerCutError):
        train(begin, RECIPE, Stops(6, PowerCutError))
    half = take_from_run(begin.run, tmp_path / "half", {}, start_strength=0.4, replace_set=False)
    assert ModelConfig.from_folder(half.folder).start_strength == 0.4
    assert half.notes["stands at"] == "images, step 2"
    assert half.fingerprint != made.fingerprint
    load_models(tmp_path / "half")
    with pytest.raises(InputError, match="already holds other weights"):
        take_from_run(begin.run, tmp_path / "half", {}, replace_set=False)
    mixed = take_from_run(
        begin.run,
        tmp_path / "mixed",
        {},
        start_strength=0.4,
        decoder=whole / "set",
        replace_set=False,
    )
    sums = [{name: record.sha256 for name, record in s.files.items()} for s in (made, half, mixed)]
    assert sums[2] == sums[1] | {"vae.safetensors": sums[0]["vae.safetensors"]}
    make_tiny_set(tmp_path / "tiny")
    with pytest.raises(InputError, match="made for other latents"):
        take_from_run(begin.run, tmp_path / "no", {}, decoder=tmp_path / "tiny", replace_set=False)


def test_the_page_shows_curves_and_pictures_and_loads_nothing(whole: Path) -> None:
    page = (whole / "page.html").read_text()
    assert "Shots that it learns from" in page
    assert page.count("<polyline") == 4 and page.count("data:image/png") == 15
    assert 'http-equiv="refresh"' not in page and "<script" not in page
    report = json.loads((whole / "report.json").read_text())
    assert report["recipe"]["image_steps"] == 5 and len(report["edits"]) == 3


def test_a_longer_decoder_stage_learns(shots: Path, config: ModelConfig, tmp_path: Path) -> None:
    recipe = replace(RECIPE, decoder_steps=60, image_steps=0, clip_steps=0, keep_every=60,
                     batch=4, warm_up=5, other_ground=0.0, recoloured=0.0, rate=5e-3)  # fmt: skip
    train(Begin(shots, tmp_path / "run", config=config), recipe, NullReporter())
    told = [loss for _, _, loss in losses(tmp_path / "run")]
    assert told[-1] < 0.6 * told[0]


def refuse(folder: Path, config: ModelConfig, tmp_path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        train(Begin(folder, tmp_path / "run", config=config), RECIPE, NullReporter())
    assert not (tmp_path / "run").exists()
    return caught.value


def _without_masks(shot: Path) -> None:
    shutil.rmtree(shot / "source" / "alpha")


def _one_mask_less(shot: Path) -> None:
    (shot / "source" / "alpha" / "000006.png").unlink()


def _other_size(shot: Path) -> None:
    write_png(shot / "truth" / "frames" / "000002.png", np.zeros((32, 48, 3), np.uint8))


def _few_frames(shot: Path) -> None:
    for kind in ("frames", "alpha"):
        for path in sorted((shot / "source" / kind).iterdir())[2:]:
            path.unlink()
    write_npz(shot / "source" / "joints.npz", joints=np.zeros((2, 60, 2), np.float32))


def _no_joints(shot: Path) -> None:
    (shot / "source" / "joints.npz").unlink()


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (_without_masks, "train-masks", "6 frames but 0 masks"),
        (_one_mask_less, "train-masks", "6 frames but 5 masks"),
        (_other_size, "train-size", "48x32"),
        (_few_frames, "train-few-frames", "has 2 frames; at least 3 are needed"),
        (_no_joints, "train-joints", "joints.npz cannot be read"),
    ],
)
def test_shots_that_cannot_be_used_are_refused_in_one_sentence(
    shots: Path, config: ModelConfig, tmp_path: Path, spoil: Any, code: str, words: str
) -> None:
    shutil.copytree(shots, tmp_path / "shots")
    spoil(tmp_path / "shots" / "shot-1")
    error = refuse(tmp_path / "shots", config, tmp_path)
    assert error.code == code and words in error.message and error.hint


def test_empty_and_held_out_folders_are_refused(
    shots: Path, config: ModelConfig, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    assert refuse(tmp_path / "empty", config, tmp_path).code == "train-no-shots"
    # What a filming that was broken off leaves is no shot.
    shutil.copytree(shots / "shot-0", tmp_path / "empty" / ".mf-part-1")
    assert refuse(tmp_path / "empty", config, tmp_path).code == "train-no-shots"
    shutil.copytree(shots, tmp_path / "shots")
    for k in range(3):
        write_json(tmp_path / "shots" / f"shot-{k}" / "shot.json", {"held_out": True})
    assert "held out" in refuse(tmp_path / "shots", config, tmp_path).message


def test_another_folder_and_another_width_are_refused(
    shots: Path, config: ModelConfig, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        train(Begin(shots, tmp_path / "mine", config=config), RECIPE, NullReporter())
    wider = replace(config, pose=replace(config.pose, block_out_channels=(8, 8, 16, 24)))
    begin = Begin(shots, tmp_path / "run", config=wider, weights=whole / "set")
    with pytest.raises(InputError, match="another width"):
        train(begin, RECIPE, NullReporter())


def test_a_full_disk_keeps_the_last_checkpoint(
    shots: Path, config: ModelConfig, whole: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    kept = {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()}

    def full(values: Any, file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    begin = Begin(shots, tmp_path / "run", {"clip_steps": 5}, config)
    with pytest.raises(OutputError) as caught:
        train(begin, RECIPE, NullReporter())
    assert caught.value.code == "disk-full"
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == kept


def test_ones_own_clip_is_cut_to_the_person(shots: Path, tmp_path: Path) -> None:
    place = tmp_path / "clips" / "walk"
    source = shots / "shot-0" / "source"
    joints = np.load(source / "joints.npz")["joints"]
    for k in range(6):
        picture = np.zeros((90, 160, 3), np.uint8)
        mask = np.zeros((90, 160), np.uint8)
        picture[20:84, 70:134] = read_image(source / "frames" / f"{k + 1:06d}.png")
        mask[20:84, 70:134] = read_image(source / "alpha" / f"{k + 1:06d}.png")[..., 0]
        for folder in (place / "frames", place / "conditions" / "source_masks"):
            folder.mkdir(parents=True, exist_ok=True)
        write_png(place / "frames" / f"frame_{k}.png", picture)
        write_png(place / "conditions" / "source_masks" / f"frame_{k}.png", mask)
    write_npz(
        place / "conditions" / "joints.npz",
        source=joints + np.array([70, 20], np.float32),
        target=joints,
        size=np.array([160, 90]),
    )
    (shot,) = read_shots(tmp_path / "clips", 64, 2, NullReporter())
    take = shot.takes[0]
    assert take.pictures.shape == (6, 64, 64, 3)
    # He still stands under his joints.
    x, y = np.rint(take.joints[0, 1]).astype(int)
    assert take.mattes[0, y, x] > 128
    assert take.mattes.max(axis=(1, 2)).min() > 200


def test_memory_is_counted_before(config: ModelConfig) -> None:
    small = stage_bytes(config, RECIPE, Stage.IMAGES)
    larger = stage_bytes(config, replace(RECIPE, batch=8), Stage.IMAGES)
    less = stage_bytes(config, replace(RECIPE, batch=8, checkpointing=True), Stage.IMAGES)
    assert small < less < larger


@pytest.mark.slow
def test_two_processes_learn_what_one_does(
    repository: Path, shots: Path, config: ModelConfig, whole: Path, tmp_path: Path
) -> None:
    write_json(tmp_path / "model.json", config.to_dict())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mf_backend", "train", shots, "--to", tmp_path / "run"),
        *("--config", tmp_path / "model.json", "--threads", 1, "--device", "cpu"),
        *("--decoder-steps", 0, "--image-steps", 4, "--clip-steps", 0, "--batch", 2),
    ]
    started = [
        subprocess.Popen(
            [str(word) for word in command],
            cwd=repository,
            env={**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2",
                 "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    ends = [(process.communicate(timeout=300)[1], process.returncode) for process in started]
    assert [code for _, code in ends] == [0, 0], ends
    recipe = Recipe(decoder_steps=0, image_steps=4, clip_steps=0, batch=2)
    train(Begin(shots, tmp_path / "one", config=config), recipe, NullReporter())
    both, alone = (np.array([x[2] for x in losses(tmp_path / n)]) for n in ("run", "one"))
    assert np.allclose(both, alone, rtol=1e-3)
