"""The sbatch script of the farms' page, as printed there, on a SLURM of one machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.addon.run.farm.batches import FRAMES, count_takes, frames_of, make_batch
from tests.addon.run.farm.slurm import Slurm
from tests.addon.run.test_command_line import run
from tests.backend.tiny_job import REPOSITORY

LONG = 200


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Slurm]:
    started = Slurm(tmp_path / "slurm")
    yield started
    started.close()


def printed_script() -> str:
    """The script in the guide to farms."""
    text = (REPOSITORY / "docs/farms.md").read_text(encoding="utf-8")
    start = text.index("    #!/bin/sh\n")
    lines = text[start : text.index("\n\n", start)].splitlines()
    return "".join(f"{line.removeprefix('    ')}\n" for line in lines)


@pytest.mark.once("the farm and its verbs, which test_verbs.py calls in each Blender")
@pytest.mark.slow
def test_an_array_of_takes_with_one_cancelled_and_queued_again(
    slurm: Slurm, scene: Any, odd_path: Path, capfd: Any, monkeypatch: Any
) -> None:
    shots, jobs, file = make_batch(odd_path, LONG), odd_path / "jöbs", odd_path / "shöt 1.blend"
    code, out, err = run(capfd, "prepare", "--list", str(shots), "--output", str(jobs))
    assert code == 0, out + err
    script = odd_path / "takes.sbatch"
    script.write_text(printed_script(), encoding="utf-8")
    monkeypatch.setenv("MF_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    array = slurm.ask(
        "sbatch", "--parsable", "--array=1-6", str(script), str(jobs), cwd=odd_path
    ).strip()
    third = f"{array}_3"
    # Before that SLURM itself has not done with starting it.
    slurm.wait_for("RunTime=00:00:02", "show", "job", third)
    slurm.terminate(third)
    slurm.wait_for("ExitCode=5:0", "show", "job", third)
    assert not (jobs / "3/report.json").exists()
    slurm.ask("scontrol", "requeue", third)
    slurm.ask("scontrol", "update", f"JobId={third}", "StartTime=now")

    for number in range(1, 7):
        slurm.wait_for("JobState=COMPLETED", "show", "job", f"{array}_{number}")
        count = LONG if number in (3, 4) else FRAMES
        assert len(frames_of(jobs / str(number))) == count
    log = (odd_path / f"motionfollower-{array}_3.log").read_text(encoding="utf-8")
    assert "Stopping at the next step" in log
    saved = odd_path / "takes.blend"
    code, out, err = run(capfd, "bring-in", str(jobs), "--save", str(saved))
    assert code == 0, out + err
    assert file.is_file() and count_takes(saved) == 6
