"""A render whose process is killed goes on to the very frames of an uninterrupted one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

MakeJob = Callable[..., Path]


def start(script: Path, folder: Path, every: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), str(every)],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
        cwd=Path(__file__).parents[4],
    )


def finish(script: Path, folder: Path) -> list[str]:
    process = start(script, folder, 1000)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    lines = output.splitlines()
    assert lines[-1] == "finished"
    return lines


def kill_after(script: Path, folder: Path, note: str) -> None:
    process = start(script, folder, 0)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == note:
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait(timeout=60) == -signal.SIGKILL


def frames(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "out").iterdir())}


@pytest.mark.slow
def test_killed_render_goes_on_to_the_same_frames(
    diffusion_job: MakeJob, render_script: Path
) -> None:
    """With several windows, killed in the middle of a step and while decoding; jobs of one window
    are killed in tests/backend/jobs/test_diffusion_job.py and tests/faults."""
    count, size = 40, (64, 64)
    whole = diffusion_job("whole", count=count, size=size, steps=4)
    finish(render_script, whole)
    folder = diffusion_job("killed", count=count, size=size, steps=4)
    kill_after(render_script, folder, "step 2 of 4")
    assert not frames(folder)
    kill_after(render_script, folder, "frame 2 decoded")
    lines = finish(render_script, folder)
    assert not any(line.startswith("step") for line in lines)
    assert len(frames(whole)) == count
    assert frames(folder) == frames(whole)
