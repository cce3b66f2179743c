"""`benchmarks.method`: the sampler in several ways over a filmed shot, with a tiny network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmarks.method.__main__ import main
from benchmarks.method.measuring import baselines, measure
from benchmarks.method.pose import share_right
from benchmarks.method.rows import Group, all_rows, chosen_rows, named_rows, read_groups
from benchmarks.method.table import table
from benchmarks.method.window_shot import open_window
from benchmarks.truth.shot_folder import find_shots
from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import write_json
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.models.config import CONFIG_NAME, ModelConfig
from mf_backend.sampler.options import SamplerOptions
from mf_backend.weights.loading import load_models
from mf_backend.weights.tiny import make_tiny_set
from tests.quality.truth.conftest import Bench

SIDE = 64


@pytest.fixture(scope="module")
def small_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny set for small pictures."""
    folder = tmp_path_factory.mktemp("small")
    make_tiny_set(folder / "set")
    config = dataclasses.replace(ModelConfig.from_folder(folder / "set"), picture_side=SIDE)
    write_json(folder / "set" / CONFIG_NAME, config.to_dict())
    return folder / "set"


def test_every_way_has_figures_at_the_networks_size(
    measured: Bench, small_weights: Path, tmp_path: Path
) -> None:
    (shot,) = find_shots(measured.cache)
    job = JobFolder(measured.out / "jobs" / "tiny" / "preview-matched-true")
    models = load_models(small_weights)
    with open_window(shot, job, small_weights) as window:
        told = baselines(models, window, pose=False)
        for strength in (1.0, 0.4):
            options = SamplerOptions.draft(steps=4, energy_scale=0.0, start_strength=strength)
            strip = tmp_path / "strips" / f"{strength}.png"
            told[f"start {strength}"] = measure(models, window, options, strip, pose=False)
        assert np.prod(window.size) <= 1.3 * SIDE**2
    seen = read_image(strip)
    assert seen.shape == (2 * 3 * window.size[1], 2 * 4 * window.size[0], 3)
    actor = {name: row["psnr"]["actor"] for name, row in told.items()}
    print({name: round(value, 2) for name, value in actor.items()})
    assert actor["footage unchanged"] < actor["preview engine"]
    # What random networks paint is wrong everywhere, but only where they may paint.
    assert max(actor["start 1.0"], actor["start 0.4"]) < actor["preview engine"]
    assert told["start 1.0"]["psnr"]["outside"] == told["footage unchanged"]["psnr"]["outside"]
    assert actor["start 1.0"] != actor["start 0.4"]
    lines = table(told, [told, told]).splitlines()
    assert len(lines) == 2 + len(told) and f"{actor['preview engine']:.2f}" in lines[3]


def test_rows_are_chosen_by_what_they_are_about() -> None:
    names = [row.name for row in all_rows()]
    assert len(names) == len(set(names)) == len({row.file_name for row in all_rows()})
    steps = chosen_rows(read_groups("steps,windows"))
    assert {row.group for row in steps} == {None, Group.STEPS, Group.WINDOWS}
    assert all(row.long for row in chosen_rows(read_groups("windows")))
    with pytest.raises(InputError, match="speed"):
        read_groups("steps,speed")
    assert [row.name for row in named_rows(["start 0.4", "guidance off"])] == [
        "guidance off", "start 0.4"
    ]  # fmt: skip
    with pytest.raises(InputError, match="no row 'start'"):
        named_rows(["start"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--rows", "x"), "guidance"), (("--frames", "1"), "two frames")],
)
def test_wrong_arguments_get_a_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert words in said.err and not said.out


def test_joints_count_where_they_are_in_the_picture() -> None:
    wanted = np.full((2, 18, 2), np.nan)
    wanted[:, 0], wanted[:, 1], wanted[:, 2] = (10, 5), (10, 45), (10, 70)
    found = wanted.copy()
    found[0, 0] += (3, 4)
    found[1, 0] += (6, 3)
    found[1, 1] = np.nan
    # Of four joints in a picture of 50 pixels, two lie within a tenth of a height of 65.
    assert share_right(found, wanted, (50, 50)) == 0.5
