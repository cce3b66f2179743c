"""The wheels of other Blenders that the add-on's tests also run in, each in a folder of its own.

Everything but bpy comes from .venv: the tests run with its interpreter, and the folder goes first
on their PYTHONPATH. The backend that they start is .venv's, too.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from devtools import environment, say

LIST = "blenders.txt"
_SPACE_GB = 2.0
"""Free disk space that fetching and unpacking one wheel takes (350 MB, then 860 MB)."""


def main_version(root: Path) -> str:
    """Version of the Blender in .venv, such as "4.5"."""
    return _versions(root / "requirements" / "development.txt")[0][0]


def other_versions(root: Path) -> tuple[str, ...]:
    """Versions of the other Blenders, such as "4.2"."""
    return tuple(version for version, _ in _versions(root / "requirements" / LIST))


def folder_of(root: Path, version: str) -> Path:
    """Where the wheel of another Blender lies."""
    return root / f".venv-bpy-{version}"


def _versions(path: Path) -> list[tuple[str, str]]:
    """(short version, full version) of each line that pins bpy."""
    pins = re.findall(r"^bpy==((\d+\.\d+)\.\d+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [(short, full) for full, short in pins]


def ensure(root: Path, python: Path, version: str) -> Path:
    """Return the folder that holds `bpy` of that Blender, fetching it first where needed.

    The folder appears only when it is complete. Raises say.DevError with what to do.
    """
    full = dict(_versions(root / "requirements" / LIST))[version]
    folder = folder_of(root, version)
    if (folder / f"bpy-{full}.dist-info" / "RECORD").is_file():
        return folder
    partial = folder.with_name(f"{folder.name}.new")
    for left in (partial, folder):  # of an interrupted run, or of an earlier version
        if left.is_dir():
            shutil.rmtree(left)
    environment.require_space(root, _SPACE_GB)
    with say.step(f"Fetching Blender {version}'s Python module for the tests (860 MB on disk)"):
        environment.pip(
            python, "install", "-q", "--no-deps", "--target", str(partial / "site"),
            f"bpy=={full}", temporary=partial / "temporary",
        )  # fmt: skip
    (partial / "site").replace(folder)
    shutil.rmtree(partial)
    return folder
