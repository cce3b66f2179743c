"""Builds the extension that Blender installs: the add-on, its manifest and the backend's wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from pathlib import Path

from devtools import say

# Zip files cannot hold earlier times; a fixed one keeps two builds equal byte for byte.
_EPOCH = "315532800"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_SOURCES = ("pyproject.toml", "README.md", "LICENSE")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def build(root: Path, python: Path) -> Path:
    """Write dist/motionfollower-VERSION.zip and return its path. Raises say.DevError."""
    manifest = tomllib.loads((root / "blender_manifest.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "stage"
        shutil.copytree(root / "motionfollower_addon", stage, ignore=_LEFT_OUT)
        for name in ("blender_manifest.toml", "LICENSE"):
            shutil.copy(root / name, stage / name)
        (stage / "requirements").mkdir()  # what the add-on installs its backend from
        shutil.copy(root / "requirements" / "backend.txt", stage / "requirements")
        (stage / "wheels").mkdir()
        wheel = _wheel(root, python, Path(folder))
        shutil.copy(wheel, stage / "wheels" / wheel.name)
        _check(manifest, stage, wheel)
        target = root / "dist" / f"{manifest['id']}-{manifest['version']}.zip"
        target.parent.mkdir(exist_ok=True)
        _pack(stage, target)
    return target


def _wheel(root: Path, python: Path, folder: Path) -> Path:
    """Build mf_backend's wheel from a copy, so that no build leftovers of this folder get in."""
    source = folder / "source"
    shutil.copytree(root / "mf_backend", source / "mf_backend", ignore=_LEFT_OUT)
    for name in _SOURCES:
        shutil.copy(root / name, source / name)
    command = [str(python), "-P", "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    command += ["--no-deps", "--no-build-isolation", "-w", str(folder / "wheel"), str(source)]
    built = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH},
    )
    wheels = list((folder / "wheel").glob("*.whl"))
    if built.returncode != 0 or len(wheels) != 1:
        raise say.DevError(f"The backend's wheel could not be built: {built.stdout}{built.stderr}")
    return wheels[0]


def _check(manifest: dict[str, object], stage: Path, wheel: Path) -> None:
    version = wheel.name.split("-")[1]
    if manifest["version"] != version:
        raise say.DevError(
            f"blender_manifest.toml says version {manifest['version']}, mf_backend/version.py says "
            f"{version}. Give both the same number."
        )
    listed = manifest.get("wheels")
    if listed != [f"./wheels/{wheel.name}"]:
        raise say.DevError(f'blender_manifest.toml must say: wheels = ["./wheels/{wheel.name}"]')
    if not (stage / "__init__.py").is_file():
        raise say.DevError("motionfollower_addon/__init__.py is missing.")


def _pack(stage: Path, target: Path) -> None:
    temporary = target.with_suffix(f".{os.getpid()}")  # suites that run beside each other build
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(stage.rglob("*"), key=lambda path: path.relative_to(stage).as_posix()):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(stage).as_posix(), _ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())
    temporary.replace(target)
