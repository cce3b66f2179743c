"""Tuning to one clip: what adapters do, whole runs of it, and what is refused."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mf_backend.cli.commands import train as command
from mf_backend.contracts.errors import CancelledError, InputError
from mf_backend.contracts.progress import NullReporter
from mf_backend.models.config import ModelConfig
from mf_backend.models.low_rank import beside, fresh_adapters, weights_of
from mf_backend.models.model_set import ModelSet, random_models
from mf_backend.training.learning.networks import fresh_models, predict
from mf_backend.training.learning.runners import LearningRunner
from mf_backend.training.tuning.material import TunedClip, read_clip
from mf_backend.training.tuning.tune import TuneOrder, tune, tune_recipe
from mf_backend.training.written import write_trained
from mf_backend.weights.adapter import (
    AdapterAbout,
    check_adapter,
    check_clip,
    merge_adapter,
    sizes_hash,
    write_adapter,
)
from mf_backend.weights.weight_set import WeightSet

from .conftest import SIDE, film

_SHORT = {"decoder_steps": 2, "image_steps": 3, "batch": 2, "keep_every": 1, "warm_up": 1}


@pytest.fixture(scope="module")
def base(config: ModelConfig, tmp_path_factory: pytest.TempPathFactory) -> WeightSet:
    """A set of weights that know nothing yet."""
    folder = tmp_path_factory.mktemp("base") / "set"
    return write_trained(folder, fresh_models(config, 1), {})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one shot, 12 frames long."""
    folder = tmp_path_factory.mktemp("clip") / "walk"
    film(folder / "source", 12, 18, (220, 60, 30), 0)
    return folder


@pytest.fixture(scope="module")
def clip(place: Path) -> TunedClip:
    """What is learnt of it."""
    return read_clip(place, SIDE, NullReporter())


def random_adapters(models: ModelSet) -> dict[str, torch.Tensor]:
    """Tensors of an adapter of rank 2 that says something everywhere."""
    generator = torch.Generator().manual_seed(4)
    weights = weights_of(fresh_adapters(models, 2, 0))
    return {
        name: 0.2 * torch.randn(weight.shape, generator=generator)
        for name, weight in weights.items()
    }


def test_an_adapter_changes_nothing_at_first_and_the_same_beside_as_merged(
    config: ModelConfig, clip: TunedClip, tmp_path: Path
) -> None:
    models, runner = random_models(config, 2), LearningRunner()
    batch = clip.batch([4], config.unet.in_channels, 0)
    adapters = fresh_adapters(models, 2, 0)
    with torch.no_grad():
        own = predict(models, batch.noise, batch, runner)
        picture = models.vae.decode(batch.noise).sample
        with beside(models, adapters):
            torch.testing.assert_close(predict(models, batch.noise, batch, runner), own)
        tensors = random_adapters(models)
        write_adapter(tmp_path / "a.safetensors", AdapterAbout("", "", "", rank=2), tensors)
        for name, weight in weights_of(adapters).items():
            weight.copy_(tensors[name].half())
        with beside(models, adapters):
            beside_them = predict(models, batch.noise, batch, runner)
            other_picture = models.vae.decode(batch.noise).sample
        assert (beside_them - own).abs().mean() > 0.05
        assert (other_picture - picture).abs().mean() > 0.05
        merge_adapter(tmp_path / "a.safetensors", models)
        merged = predict(models, batch.noise, batch, runner)
        torch.testing.assert_close(merged, beside_them, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(
            models.vae.decode(batch.noise).sample, other_picture, atol=1e-3, rtol=1e-3
        )


def order(clip: TunedClip, base: WeightSet, folder: Path) -> TuneOrder:
    return TuneOrder(clip, base.folder, folder / "run", folder / "a.safetensors", 2, {}, "cpu")


class Stops(NullReporter):
    """Cancels after so many steps."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after
        self.tunes = False

    def begin(self, stage: str, total: int) -> None:
        """Only steps count."""
        self.tunes = stage.startswith("tuning")

    def advance(self, step: int, note: str = "") -> None:
        """One step less."""
        self.left -= self.tunes
        if not self.left:
            raise CancelledError("enough")


def test_tuning_goes_on_to_the_same_adapter_and_says_what_it_is_for(
    clip: TunedClip, base: WeightSet, config: ModelConfig, tmp_path: Path
) -> None:
    recipe = tune_recipe(config, _SHORT)
    about = tune(order(clip, base, tmp_path / "one"), recipe, NullReporter())
    told = check_adapter(tmp_path / "one" / "a.safetensors", base, config)
    assert told == about and (about.frames, about.kept_out, about.steps) == (11, 1, 5)
    assert about.clip == clip.sha256 and about.name == "walk"
    begun = order(clip, base, tmp_path / "two")
    for after in (2, 2):
        with pytest.raises(CancelledError):
            tune(begun, recipe, Stops(after))
    assert not begun.adapter.exists()
    tune(begun, recipe, NullReporter())
    whole = (tmp_path / "one" / "a.safetensors").read_bytes()
    assert begun.adapter.read_bytes() == whole
    check_clip(begun.adapter, clip.sha256)
    page = (tmp_path / "two" / "run" / "page.html").read_text()
    assert "Frames that were kept out" in page and page.count("data:image/png") == 5


def test_an_adapter_of_something_else_is_refused_in_one_sentence(
    config: ModelConfig, base: WeightSet, tmp_path: Path
) -> None:
    path = tmp_path / "a.safetensors"
    tensors = random_adapters(random_models(config, 2))
    about = AdapterAbout(base.fingerprint, sizes_hash(config), "a" * 64, "walk", 2)

    def refuse(changed: AdapterAbout, code: str) -> None:
        write_adapter(path, changed, tensors)
        with pytest.raises(InputError) as caught:
            check_adapter(path, base, config)
        assert caught.value.code == code and str(path) in caught.value.message

    refuse(replace(about, networks="b" * 64), "adapter-other-width")
    refuse(replace(about, weights="b" * 64), "adapter-other-set")
    write_adapter(path, about, tensors)
    check_adapter(path, base, config)
    with pytest.raises(InputError, match=r"other footage \(walk\)"):
        check_clip(path, "c" * 64)
    write_adapter(path, replace(about, rank=3), tensors)
    with pytest.raises(InputError, match="does not hold the layers"):
        merge_adapter(path, random_models(config, 2))
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="is no adapter"):
        check_adapter(path, base, config)
    with pytest.raises(InputError, match="There is no adapter"):
        check_adapter(tmp_path / "none", base, config)
    with pytest.raises(InputError, match="does not say what it is for"):
        check_adapter(base.folder / "unet.safetensors", base, config)


def test_clips_that_cannot_be_tuned_to_are_refused(shots: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="6 frames; at least 8 are needed"):
        read_clip(shots / "shot-0", SIDE, NullReporter())
    for name in ("a", "b"):
        film(tmp_path / name / "source", 8, 18, (220, 60, 30), 0)
    with pytest.raises(InputError, match="holds 2 shots"):
        read_clip(tmp_path, SIDE, NullReporter())


def test_as_a_command(
    place: Path, base: WeightSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    given = ["train", str(place), "--to", str(tmp_path / "run"), "--from", str(base.folder)]
    short = ["--decoder-steps", "0", "--image-steps", "2", "--batch", "1", "--rank", "2"]
    assert command.run(parser.parse_args([*given, *short, "--tune", "--json"])) == 0
    found = json.loads(capsys.readouterr().out)
    assert Path(found["adapter"]) == tmp_path / "run" / "adapter.safetensors"
    assert found["steps"] == 2 and found["weights"] == base.fingerprint
    with pytest.raises(InputError, match="belong to --tune"):
        command.run(parser.parse_args([*given, "--rank", "2"]))
    with pytest.raises(InputError, match="does not go with --tune"):
        command.run(parser.parse_args([*given, "--tune", "--rendered"]))
