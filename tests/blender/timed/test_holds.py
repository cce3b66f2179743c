"""How long add-on code keeps Blender's window while a job runs and results come in: under 30 ms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devtools.real_blender import Blender
from mf_backend.contracts.request import ClipKind, JobRequest, Reference, Target
from mf_backend.jobs.disk.folder import JobFolder, create_job
from mf_backend.jobs.disk.state import JobState, Status, write_state
from tests.blender.windows.test_window import make_shot, play

pytestmark = pytest.mark.slow

FRAMES, LONG, FOLDERS = 60, 2000, 200
HOLD_MS = 30.0
PANEL_MS = 3.0
"""On a busy machine; benchmarks.addon measures what is wanted, 1 ms, on an idle one."""


def make_jobs(shot: Path) -> None:
    """Cancelled jobs of the file, and a long finished one that was not brought in."""
    root = shot.parent / "motionfollower"
    clip = shot.parent / "footage" / "clip"
    about = {"blend": str(shot), "scene": "Scene", "strip": "footage", "title": "Löng"}
    for number in range(FOLDERS + 1):
        finished = number == FOLDERS
        count = LONG if finished else FRAMES
        reference = Reference(str(clip), ClipKind.IMAGES, count=count, fps=24.0)
        request = JobRequest(f"{number:012d}", reference, Target("joints.npz"), about=about)
        folder = root / f"jöb-{number:03d}"
        create_job(folder, request)
        job = JobFolder(folder)
        status = Status.DONE if finished else Status.CANCELLED
        write_state(job.state, JobState(status=status, stage="render"))
    job.report.write_text(json.dumps({"stages": {}}), encoding="utf-8")
    job.frames.mkdir(parents=True)
    for index in range(LONG):
        # Blender reads a picture only where it is shown.
        job.frame(index).touch()


def test_nothing_holds_the_window_for_long(
    blender: Blender, display: str, odd_path: Path, repository: Path
) -> None:
    shot = make_shot(blender, odd_path, FRAMES)
    make_jobs(shot)
    out = repository / "out" / "window" / blender.version
    notes = play(blender, display, shot, "holds", out, "window/holds.py")

    print(
        f"Blender {blender.version}: panel {notes['panel']:.2f} ms; longest holds in a run of "
        f"{FRAMES} frames {notes['run'][:3]}, while {LONG} frames came in {notes['arrival'][:3]}"
    )
    assert notes["stage"] == "DONE"
    assert notes["evaluated"] >= FRAMES, "the run was not measured"
    assert notes["frames"] == [FRAMES, LONG]
    assert notes["marks"] == []
    assert notes["waiting"] == FOLDERS + 1
    assert notes["run"][0][0] < HOLD_MS, notes["run"]
    assert notes["arrival"][0][0] < HOLD_MS, notes["arrival"]
    assert notes["panel"] < PANEL_MS
    seen = [sorted(names) for names in notes["seen"]]
    assert seen == [["Rig"], ["Rig", "Second"], ["Renamed", "Rig"], ["Rig"], []]
