"""The zip that Blender installs."""

from __future__ import annotations

import shutil
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from devtools import extension, say

_PARTS = ("motionfollower_addon", "mf_backend")
_FILES = (
    "blender_manifest.toml", "pyproject.toml", "README.md", "LICENSE", "requirements/backend.txt"
)  # fmt: skip


@pytest.fixture
def copy(repository: Path, odd_path: Path) -> Path:
    """The sources alone, in a folder with an odd name."""
    for name in _PARTS:
        shutil.copytree(repository / name, odd_path / name)
    (odd_path / "requirements").mkdir()
    for name in _FILES:
        shutil.copy(repository / name, odd_path / name)
    return odd_path


def test_two_builds_are_equal_and_hold_what_blender_wants(copy: Path) -> None:
    first = extension.build(copy, Path(sys.executable))
    data = first.read_bytes()
    assert extension.build(copy, Path(sys.executable)).read_bytes() == data

    with zipfile.ZipFile(first) as archive:
        names = set(archive.namelist())
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
        assert {"__init__.py", "blender_manifest.toml", "LICENSE"} <= names
        listed = (copy / "requirements" / "backend.txt").read_bytes()
        assert archive.read("requirements/backend.txt") == listed
        assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
        (wheel,) = manifest["wheels"]
        archive.extract(wheel.removeprefix("./"), copy / "out")
    assert first.name == f"motionfollower-{manifest['version']}.zip"

    with zipfile.ZipFile(copy / "out" / wheel.removeprefix("./")) as archive:
        inside = set(archive.namelist())
    sources = {
        path.relative_to(copy).as_posix()
        for path in (copy / "mf_backend").rglob("*")
        if path.suffix in (".py", ".json", ".safetensors")
    }
    assert sources <= inside
    for path in (copy / "motionfollower_addon").rglob("*"):
        if path.suffix in (".py", ".json", ".js"):
            assert path.relative_to(copy / "motionfollower_addon").as_posix() in names


def test_versions_that_differ_are_refused(copy: Path) -> None:
    version = copy / "mf_backend" / "version.py"
    version.write_text('VERSION = "7.7.7"\n', encoding="utf-8")
    with pytest.raises(say.DevError, match=r"7\.7\.7"):
        extension.build(copy, Path(sys.executable))
    assert not list(copy.glob("dist/*.zip"))
