"""The diffusion engine through the same runner: tiny networks with random weights, real code."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.record.frames import read_frame
from tests.backend.tiny_job import Backend, backend, backend_environment, make_job


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mf_backend.weights.tiny import make_tiny_set

    folder = tmp_path_factory.mktemp("weights ü") / "set"
    make_tiny_set(folder)
    return folder


def diffusion_job(root: Path, weights: Path, name: str, **settings: object) -> JobFolder:
    chosen = {"engine": "motionfollower", "device": "cpu", "steps": 5, **settings}
    return make_job(root, name, 4, (128, 128), weights=str(weights), **chosen)


@pytest.mark.slow
def test_killed_while_denoising(odd_path: Path, weights: Path) -> None:
    whole = diffusion_job(odd_path, weights, "whole")
    assert backend("run", str(whole.path)).returncode == 0
    report = json.loads(whole.report.read_text(encoding="utf-8"))
    assert report["engine"]["name"] == "motionfollower" and report["engine"]["fingerprint"]

    job = diffusion_job(odd_path, weights, "killed")
    process = subprocess.Popen(
        [sys.executable, "-m", "mf_backend", "run", str(job.path)],
        stderr=subprocess.DEVNULL,
        env=backend_environment(),
    )
    while json.loads(job.state.read_text(encoding="utf-8"))["stage"] != "render":
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)
    process.kill()
    process.wait()
    kept = list(job.engine_work.glob("sampler-*"))
    for path in kept:
        # A kept state whose numbers were changed is found, and the denoising begins again.
        data = bytearray(path.read_bytes())
        data[-50] ^= 1
        path.write_bytes(data)
    done = backend("run", str(job.path))
    assert done.returncode == 0, done.stderr
    assert ("starts again" in done.stderr) == bool(kept)
    assert job.mp4.read_bytes() == whole.mp4.read_bytes()
    for index in range(4):
        assert job.frame(index).read_bytes() == whole.frame(index).read_bytes()
        assert read_frame(job.frame(index), (128, 128)) is not None


def test_unknown_settings_are_refused_before_conditioning(odd_path: Path, weights: Path) -> None:
    for name, settings, word in (
        ("memory", {"memory": "7"}, "auto, 6, 8, 12, 24"),
        ("steps", {"steps": 2000}, "0 to 1000"),
    ):
        job = diffusion_job(odd_path, weights, name, **settings)
        done = backend("run", str(job.path))
        assert done.returncode == 2 and word in done.stderr
        assert not list(job.conditions.glob("*"))


@pytest.mark.slow
def test_cancel_while_denoising_and_another_seed_is_another_picture(
    odd_path: Path, weights: Path
) -> None:
    server = Backend()
    job = diffusion_job(odd_path, weights, "long", steps=400)
    server.answer(server.ask("job/run", folder=str(job.path)))
    progress = server.notice("job/progress", stage="render")
    while progress["step"] < 1:
        progress = server.notice("job/progress", stage="render")
    begun = time.monotonic()
    server.ask("job/cancel", id="long")
    failed = server.notice("job/failed")
    assert failed["code"] == "cancelled" and time.monotonic() - begun < 10
    frames = []
    for seed in (1, 2):
        job = diffusion_job(odd_path, weights, f"seed {seed}", seed=seed)
        server.answer(server.ask("job/run", folder=str(job.path)))
        server.notice("job/done", id=f"seed {seed}")
        frames.append(job.frame(0).read_bytes())
    assert frames[0] != frames[1]
    assert server.close() == 0


def test_settings_that_make_no_sense(odd_path: Path, weights: Path) -> None:
    for name, settings in (("steps", {"steps": -1}), ("memory", {"memory": "7"})):
        job = diffusion_job(odd_path, weights, name, **settings)
        done = backend("run", str(job.path), "--json")
        error = json.loads(done.stdout)["error"]
        assert done.returncode == 2, error
        assert error["message"].endswith(".") and not job.report.exists()


@pytest.mark.slow
def test_without_a_compiler_the_job_runs_uncompiled_and_says_why(
    odd_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", str(odd_path / "no compiler"))
    job = diffusion_job(odd_path, weights, "uncompiled", steps=2)
    done = backend("run", str(job.path), "--compile")
    assert done.returncode == 0, done.stderr
    assert "no C++ compiler was found" in done.stderr
    report = json.loads(job.report.read_text(encoding="utf-8"))
    assert [w["code"] for w in report["warnings"]] == ["weights-tiny", "uncompiled"]
    assert report["settings"]["compile"] is True
    assert all(read_frame(job.frame(i), (128, 128)) is not None for i in range(4))
