"""A real Blender with the built extension hands takes out to a farm and brings them in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from devtools.real_blender import Blender
from tests.backend.tiny_job import backend
from tests.blender.windows.test_window import play

COMMAND = ("--command", "motionfollower")


def test_submit_run_and_bring_in(blender: Blender, shot: Path, odd_path: Path) -> None:
    farm = odd_path / "färm"
    done = blender.run("-b", shot, *COMMAND, "submit", "--openjd", farm, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["takes"] == "1"
    # What the farm's first step does finds the job there.
    again = ("prepare", "--list", farm / "shots.json", "--takes", "1", "--output", farm / "jobs")
    done = blender.run("-b", shot, *COMMAND, *again)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "already prepared" in done.stdout
    ran = backend("run", str(farm / "jobs/1"))
    assert ran.returncode == 0, ran.stderr
    for source, words in ((shot, "in the Sequencer as"), (farm / "a.blend", "already in")):
        bring_in = ("bring-in", farm / "jobs", "--save", farm / "a.blend")
        done = blender.run("-b", source, *COMMAND, *bring_in)
        assert done.returncode == 0, done.stdout + done.stderr
        assert words in done.stdout
        assert "1 of 1 takes are in" in done.stdout


@pytest.mark.slow
def test_send_to_farm_from_a_window(
    blender: Blender, display: str, shot: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    shutil.rmtree(out / "farm", ignore_errors=True)
    notes = play(blender, display, shot, "send", out, "window/farm.py")
    assert notes["browsers"] == 1
    assert notes["returned_before_the_end"]
    assert notes["runs"] == ["Its job is written, for another machine to work on"]
    template = json.loads((out / "farm/template.json").read_text(encoding="utf-8"))
    assert [step["name"] for step in template["steps"]] == ["Prepare", "Render", "BringIn"]
    assert (out / "farm/jobs/1/job.json").is_file()
