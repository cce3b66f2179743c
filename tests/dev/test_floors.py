"""import-linter keeps the floors: it passes on this tree, and fails on what it is there to stop."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.suites import check_commands

PACKAGES = ("mf_backend", "motionfollower_addon")


@pytest.fixture(scope="module")
def tree(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of both packages and the contracts."""
    root = tmp_path_factory.mktemp("flöors") / "repository"
    for name in PACKAGES:
        shutil.copytree(repository / name, root / name, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(repository / "pyproject.toml", root)
    return root


def lint(root: Path) -> tuple[int, str]:
    """Run the check as dev.py does; returns its exit code and what it said."""
    command = check_commands(root, Path(sys.executable))["import-linter"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_this_tree_keeps_every_contract(tree: Path) -> None:
    code, said = lint(tree)
    assert code == 0, said
    assert "0 broken" in said


BACKEND = "The backend's rooms import only from floors below"
CASES = (
    ("mf_backend/body/transform.py", "import mf_backend.jobs.disk.folder", BACKEND),
    ("mf_backend/contracts/request.py", "import mf_backend.clip", BACKEND),
    ("mf_backend/weights/folder.py", "import mf_backend.sampler.state", BACKEND),
    (
        "motionfollower_addon/host/compat.py",
        "from .. import panels",
        "The add-on's rooms import only from floors below",
    ),
    (
        "motionfollower_addon/host/rig/lookup.py",
        "from ..run import session",
        "The rooms of host import only from floors below",
    ),
    (
        "motionfollower_addon/core/rig/bones.py",
        "from ..job import writer",
        "The rooms of core import only from floors below",
    ),
    (
        "mf_backend/jobs/disk/log.py",
        "import bpy",
        "The backend imports neither Blender nor the add-on",
    ),
    (
        "mf_backend/jobs/disk/log.py",
        "import motionfollower_addon.ids",
        "The backend imports neither Blender nor the add-on",
    ),
    (
        "motionfollower_addon/core/job/writer.py",
        "def f():\n    import bpy.types",
        "The add-on's core and ids do not import Blender",
    ),
    ("motionfollower_addon/host/compat.py", "import torch.nn", "Blender never loads networks"),
    ("mf_backend/contracts/errors.py", "import diffusers", "Blender never loads networks"),
    (
        "motionfollower_addon/host/compat.py",
        "import cv2",
        "The add-on does not import what Blender does not have",
    ),
    (
        "motionfollower_addon/core/job/writer.py",
        "import mf_backend.engines.base",
        "The add-on imports only what it shares with the backend",
    ),
    # Circles: of two files, and of two folders whose files are in none.
    (
        "mf_backend/jobs/disk/state.py",
        "import mf_backend.jobs.disk.folder",
        "No circle of rooms or files",
    ),
    (
        "mf_backend/actor/plate/fill.py",
        "import mf_backend.actor.masks.shape",
        "No circle of rooms or files",
    ),
)


@pytest.mark.parametrize(("file", "line", "contract"), CASES)
def test_a_forbidden_import_fails(tree: Path, file: str, line: str, contract: str) -> None:
    path = tree / file
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n\n{line}\n", encoding="utf-8")
    try:
        code, said = lint(tree)
    finally:
        path.write_text(before, encoding="utf-8")
    assert code == 1
    assert f"{contract} BROKEN" in said


def test_a_room_without_a_floor_fails(tree: Path) -> None:
    room = tree / "mf_backend" / "loft"
    room.mkdir()
    (room / "__init__.py").touch()
    try:
        code, said = lint(tree)
    finally:
        shutil.rmtree(room)
    assert code == 1
    assert f"{BACKEND} BROKEN" in said and "mf_backend.loft" in said
