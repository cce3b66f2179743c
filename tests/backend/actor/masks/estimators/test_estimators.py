"""Mask estimators whose models are fetched: loaded from real files, chosen by name, or missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mf_backend.actor.masks.estimators import estimator_names, load_estimator
from mf_backend.actor.masks.estimators.sam2 import in_square, prompts
from mf_backend.clip import Clip, open_clip
from mf_backend.clip.picture_file import read_grey
from mf_backend.contracts.errors import MissingComponentError
from mf_backend.contracts.request import ClipKind, Reference
from mf_backend.weights.catalog import BIREFNET, SAM2
from mf_backend.weights.folder import ESTIMATORS_VARIABLE
from tests.backend.tiny_job import backend, make_job

from ....conftest import Ran, write_frames
from .tiny_models import write_onnx, write_sam2

Run = Callable[..., Ran]
SIZE = (300, 240)
PATCH = np.s_[60:200, 110:190]


def person_joints() -> np.ndarray:
    """[60, 2] joints of somebody who stands in the patch, body only."""
    joints = np.full((60, 2), np.nan, np.float32)
    joints[:18] = [
        (150, 80), (150, 95), (132, 97), (125, 120), (122, 140), (168, 97), (175, 120),
        (178, 140), (138, 140), (136, 165), (135, 190), (162, 140), (164, 165), (165, 190),
        (146, 76), (154, 76), (141, 78), (159, 78),
    ]  # fmt: skip
    return joints


def picture(red: int = 230) -> np.ndarray:
    frame = np.full((SIZE[1], SIZE[0], 3), 102, np.uint8)
    frame[PATCH] = (red, 51, 26)
    frame[5:30, 5:30] = (230, 51, 26)
    return frame


@pytest.fixture
def models(odd_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the estimators' models are looked for in."""
    folder = odd_path / "estimators ö"
    folder.mkdir()
    monkeypatch.setenv(ESTIMATORS_VARIABLE, str(folder))
    return folder


@pytest.fixture
def clip(odd_path: Path) -> Iterator[Clip]:
    folder = write_frames(odd_path / "clip", [picture(), picture(140), picture()])
    with open_clip(Reference(str(folder), ClipKind.IMAGES, fps=24.0)) as opened:
        yield opened


def three(joints: np.ndarray) -> np.ndarray:
    """Joints [3, 60, 2]: nobody on the last frame."""
    return np.stack([joints, joints, np.full_like(joints, np.nan)])


def test_birefnet_runs_the_file(models: Path, clip: Clip) -> None:
    write_onnx(models / BIREFNET.name, side=256, gain=20)
    estimator = load_estimator("birefnet")
    mattes = dict(estimator.mattes(clip, three(person_joints()), [0, 1], "cpu"))
    assert sorted(mattes) == [0, 1]
    for matte in mattes.values():
        assert matte.shape == (SIZE[1], SIZE[0]) and matte.dtype == np.uint8
        assert not matte[5:30, 5:30].any(), "outside the box around the actor"
    # The network gives 20 * (red - 0.5); the matte is its sigmoid.
    assert (mattes[0][64:196, 114:186] == 255).all()
    expected = 255 / (1 + np.exp(-20 * (140 / 255 - 0.5)))
    assert np.abs(mattes[1][64:196, 114:186] - expected).max() <= 1
    assert mattes[0][90, 104] <= 30
    hard = mattes[0] >= 128
    truth = np.zeros(hard.shape, bool)
    truth[PATCH] = True
    assert (hard & truth).sum() / (hard | truth).sum() > 0.97


@pytest.mark.slow
def test_sam2_finds_the_actor(models: Path, clip: Clip) -> None:
    write_sam2(models / SAM2.name)
    estimator = load_estimator("sam2")
    mattes = dict(estimator.mattes(clip, three(person_joints()), [0, 2], "cpu"))
    truth = np.zeros((SIZE[1], SIZE[0]), bool)
    truth[PATCH] = True
    hard = mattes[0] >= 128
    assert (hard & truth).sum() / (hard | truth).sum() > 0.8
    assert not mattes[0][5:30, 5:30].any(), "outside the box around the actor"
    assert not mattes[2].any(), "nobody is pointed at"


def test_sam2_is_pointed_at_what_is_in_the_picture() -> None:
    joints = person_joints()
    points, box = prompts(joints, SIZE)
    assert len(points) == 10 and (points[:, 0] < 180).all()
    assert box[0] < 122 < 178 < box[2] and box[1] < 76 < 190 < box[3]
    joints[9] = (150, 400)
    points, box = prompts(joints, SIZE)
    assert len(points) == 9 and box[3] == SIZE[1] - 1
    assert prompts(np.full((60, 2), np.nan), SIZE) is None
    corners = np.array([(100.0, 50.0), (139.0, 69.0)])
    assert np.allclose(in_square(corners, (100, 50, 140, 70), 80), [(0.5, 1.5), (78.5, 77.5)])


@pytest.mark.parametrize("name", ["birefnet", "sam2"])
def test_a_damaged_model_is_named(models: Path, clip: Clip, name: str) -> None:
    item = {"birefnet": BIREFNET, "sam2": SAM2}[name]
    for file in [item.path / part for part in item.parts] or [item.path]:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"{}")
    with pytest.raises(MissingComponentError, match="cannot be loaded") as raised:
        list(load_estimator(name).mattes(clip, three(person_joints()), [0], "cpu"))
    assert item.name in str(raised.value)


def test_another_networks_weights_are_refused(models: Path, clip: Clip) -> None:
    import torch
    from safetensors.torch import save_file

    folder = write_sam2(models / SAM2.name, steps=0)
    save_file({"other": torch.zeros(3)}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(MissingComponentError, match="of a SAM 2's tensors are not in it"):
        list(load_estimator("sam2").mattes(clip, three(person_joints()), [0], "cpu"))


def test_names() -> None:
    assert estimator_names() == ("rvm", "mediapipe", "birefnet", "sam2")


def condition_with(condition: Run, odd_path: Path, name: str) -> Ran:
    clip = write_frames(odd_path / "clip", [picture()] * 2)
    both = np.stack([person_joints()] * 2)
    np.savez(odd_path / "source.npz", source=both, size=np.array(SIZE))
    np.savez(odd_path / "target.npz", target=both + 10, size=np.array(SIZE))
    return condition(
        "--reference", clip, "--target-joints", odd_path / "target.npz", "--out", odd_path / "out",
        "--source-joints", odd_path / "source.npz", "--mask-estimator", name, "--json",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["birefnet", "sam2"])
def test_a_missing_model_ends_with_3_and_how_to_get_it(
    condition: Run, models: Path, odd_path: Path, name: str
) -> None:
    ran = condition_with(condition, odd_path, name)
    assert ran.code == 3, ran.err
    item = {"birefnet": BIREFNET, "sam2": SAM2}[name]
    assert item.how in ran.err and str(models) in ran.err and "Traceback" not in ran.err
    assert not (odd_path / "out" / "source_joints.npz").exists(), "told before any work"


def test_condition_takes_the_named_estimator(condition: Run, models: Path, odd_path: Path) -> None:
    write_onnx(models / BIREFNET.name, side=256, gain=20)
    ran = condition_with(condition, odd_path, "birefnet")
    assert ran.code == 0, ran.err
    assert ran.json["masks"]["estimator"] == "birefnet" and not ran.json["masks"]["rejected"]
    mask = read_grey(odd_path / "out" / "source_masks" / "frame_0.png") > 0
    assert mask[PATCH].mean() > 0.97 and mask.sum() < 1.1 * mask[PATCH].size


def test_weights_lists_them(models: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from mf_backend.cli.main import run_command

    write_onnx(models / BIREFNET.name, side=64, gain=1)
    assert run_command(["weights", "list", "--json"]) == 0
    listed = {item["name"]: item for item in json.loads(capfd.readouterr().out)["optional"]}
    assert listed[BIREFNET.name]["licence"] == "MIT" and listed[BIREFNET.name]["present"]
    assert listed[SAM2.name]["licence"] == "Apache-2.0" and not listed[SAM2.name]["present"]
    assert listed["yolox_l.onnx"]["bytes"] == 216_746_733


def test_a_job_tells_of_a_missing_model_before_any_work(models: Path, odd_path: Path) -> None:
    job = make_job(odd_path, mask_estimator="sam2", source_masks="", engine="preview")
    ran = backend("run", str(job.path))
    assert ran.returncode == 3, ran.stderr
    assert SAM2.how in ran.stderr and not (job.conditions / "source_joints.npz").exists()
