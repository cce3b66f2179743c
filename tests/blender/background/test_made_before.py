"""A .blend saved before the modules moved into rooms, in real Blenders with the built zip."""

from __future__ import annotations

import json
from pathlib import Path

from devtools.real_blender import Blender
from tests.blender.conftest import SCRIPTS
from tests.fixtures.project import copy_project


def test_it_shows_its_takes_and_resumes_its_job(blender: Blender, odd_path: Path) -> None:
    project = copy_project(odd_path / "project")
    blender.script(SCRIPTS / "shots/resume.py", project / "shot.blend", project / "resumed.blend")
    blender.script(
        SCRIPTS / "shots/list_strips.py", project / "resumed.blend", odd_path / "strips.json"
    )

    found = json.loads((odd_path / "strips.json").read_text(encoding="utf-8"))["strips"]
    takes = sorted((item for item in found if item["job"]), key=lambda item: item["channel"])
    assert [item["mute"] for item in takes] == [True, True, False]
    for take, name in zip(takes, ("clip Wave-001", "clip Wave-002", "killed"), strict=True):
        frames = project / "motionfollower" / name / "outputs" / "frames"
        assert [Path(file) for file in take["files"]] == sorted(frames.iterdir())
