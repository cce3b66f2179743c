"""The actor rig in real Blenders, and as motion capture in files of others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from devtools.real_blender import Blender
from tests.blender.conftest import SCRIPTS
from tests.fixtures.project import copy_project


def test_it_is_made_corrected_and_exported(blender: Blender, odd_path: Path) -> None:
    project = copy_project(odd_path / "project")
    blender.script(SCRIPTS / "shots/actor_rig.py", project / "shot.blend", odd_path / "told.json")
    told = json.loads((odd_path / "told.json").read_text(encoding="utf-8"))
    first, last = told["range"]
    assert told["action"] == "clip" and last > first
    for name, (shortest, longest) in told["lengths"].items():
        assert longest - shortest <= 0.001 * longest, name
    made = np.array(told["made"])
    assert np.linalg.norm(made[0] - made[1], axis=-1).max() > 0.01, "it moves"
    begin, end = told["fbx range"]
    assert end - begin == last - first
    for kind in ("bvh", "fbx"):
        assert np.linalg.norm(np.array(told[kind]) - made, axis=-1).max() < 0.01, kind
    (correction,) = told["corrections"]
    assert set(correction["joints"]) >= {"left_wrist"}
