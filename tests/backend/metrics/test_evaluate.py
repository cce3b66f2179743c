"""Scores of a result against the truth, through the real command line and real files."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.contracts.progress import NullReporter
from mf_backend.metrics import METRICS, fid, lpips, networks
from mf_backend.metrics.scores import score

FRAMES, HEIGHT, WIDTH = 4, 70, 91


def write(folder: Path, pictures: list[NDArray[np.uint8]], pattern: str) -> Path:
    """Write pictures (RGB or grey) as numbered PNG files."""
    folder.mkdir(parents=True)
    for i, picture in enumerate(pictures):
        shown = picture[..., ::-1] if picture.ndim == 3 else picture
        data = cv2.imencode(".png", np.ascontiguousarray(shown))[1]
        (folder / pattern.format(i)).write_bytes(data.tobytes())
    return folder


def pictures(seed: int) -> list[NDArray[np.uint8]]:
    """Smooth random pictures."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 255, (FRAMES, 8, 9, 3), np.uint8)
    return [cv2.resize(p, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for p in small]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "mf_backend", "evaluate", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture
def folders(odd_path: Path) -> tuple[Path, Path, Path]:
    """Result, truth and masks; the result is wrong by 10 grey values inside the masks only."""
    truth = [np.clip(p, 0, 240) for p in pictures(1)]
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[20:50, 30:60] = 255
    result = [np.where(mask[..., None] > 0, p + 10, p).astype(np.uint8) for p in truth]
    return (
        write(odd_path / "result", result, "{:06d}.png"),
        write(odd_path / "truth", truth, "frame_{}.png"),
        write(odd_path / "masks", [mask] * FRAMES, "frame_{}.png"),
    )


def test_scores_inside_outside_and_in_all(folders: tuple[Path, Path, Path]) -> None:
    result, truth, masks = folders
    done = run("--result", result, "--truth", truth, "--masks", masks, "--json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["frames"] == FRAMES
    psnr, ssim = told["metrics"]["psnr"], told["metrics"]["ssim"]
    assert psnr["inside"] == pytest.approx(20 * np.log10(255 / 10), abs=1e-3)
    share = 30 * 30 / (HEIGHT * WIDTH)
    assert psnr["all"] == pytest.approx(psnr["inside"] - 10 * np.log10(share), abs=1e-3)
    assert psnr["outside"] == 100.0
    assert ssim["inside"] < ssim["all"] < ssim["outside"] <= 1.0
    for metric in ("lpips", "fid"):
        assert (metric in told["missing"]) != (metric in told["metrics"])


def test_the_table_names_what_is_missing(folders: tuple[Path, Path, Path]) -> None:
    done = run("--result", folders[0], "--truth", folders[1])
    assert done.returncode == 0, done.stderr
    assert "PSNR" in done.stdout and "SSIM" in done.stdout
    assert "inside" not in done.stdout.splitlines()[1]
    if METRICS.load("lpips").missing():
        assert "LPIPS not measured" in done.stdout and lpips.NETWORK.file in done.stdout
    if METRICS.load("fid").missing():
        assert "FID not measured" in done.stdout


def test_ssim_agrees_with_another_library() -> None:
    from skimage.metrics import structural_similarity

    a, b = pictures(2)[0], pictures(3)[0]
    b = cv2.addWeighted(a, 0.8, b, 0.2, 0)
    ours = score(iter([(b, a, None)]), 1, NullReporter()).values["ssim"]["all"]
    _, theirs = structural_similarity(
        a, b, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        data_range=255, full=True,
    )  # fmt: skip
    assert ours == pytest.approx(theirs.mean(), abs=1e-4)


@pytest.mark.parametrize("wrong", ["count", "size", "masks", "mask size", "nothing"])
def test_folders_that_do_not_fit_are_refused(
    folders: tuple[Path, Path, Path], odd_path: Path, wrong: str
) -> None:
    result, truth, masks = folders
    if wrong == "count":
        (result / "000003.png").unlink()
    elif wrong == "size":
        truth = write(odd_path / "small", [p[:-2] for p in pictures(1)], "{}.png")
    elif wrong == "masks":
        masks = odd_path / "no masks"
    elif wrong == "mask size":
        masks = write(odd_path / "m", [np.zeros((9, 9), np.uint8)] * FRAMES, "{}.png")
    else:
        truth = odd_path / "no truth"
    done = run("--result", result, "--truth", truth, "--masks", masks)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr and done.stderr.strip()


def test_missing_networks_are_named_and_never_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name, network in (("lpips", lpips.NETWORK), ("fid", fid.NETWORK)):
        sentence = METRICS.load(name).missing()
        assert sentence is not None
        assert network.file in sentence and str(tmp_path) in sentence
    assert not list(tmp_path.rglob("*.pth"))


def test_lpips_and_fid_run_where_their_packages_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an untrained AlexNet in place of the published one: the path, not the figure."""
    if importlib.util.find_spec("lpips") is None or importlib.util.find_spec("torchvision") is None:
        pytest.skip("needs the packages lpips and torchvision, which are not installed")
    import torch
    import torchvision

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    networks.checkpoints().mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(
        torchvision.models.alexnet(weights=None).state_dict(),
        networks.checkpoints() / lpips.NETWORK.file,
    )
    a, b = pictures(2)[0], pictures(3)[0]
    inside = np.zeros(a.shape[:2], bool)
    inside[10:40, 10:40] = True
    same = score(iter([(a, a, inside)]), 1, NullReporter()).values["lpips"]
    other = score(iter([(b, a, inside)]), 1, NullReporter()).values["lpips"]
    assert same["all"] == pytest.approx(0, abs=1e-6)
    assert other["inside"] > 0 and other["all"] > 0
