"""The wheels of other Blenders: which suites run in them, and how they are fetched."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from devtools import bpy_wheels, environment, say, suites


def test_a_whole_run_covers_every_promised_blender(repository: Path) -> None:
    def addon(chosen: list[suites.Suite]) -> dict[str, str]:
        return {suite.blender: suite.without for suite in chosen if suite.blender}

    whole = addon(suites.plan(repository, whole=True))
    assert whole == {"4.5": "", "4.2": suites.ONCE, "5.0": suites.ONCE}
    assert list(addon(suites.plan(repository, whole=False))) == ["4.5"]
    others = [suite for suite in suites.plan(repository, whole=False) if not suite.blender]
    folders = [repository / name for suite in others for name in suite.folders]
    folders.append(repository / "tests" / "addon")
    for file in (repository / "tests").rglob("test_*.py"):
        assert len([folder for folder in folders if folder in file.parents]) == 1, file
    one = suites.plan(repository, whole=True, versions=["5.0"])
    assert [(suite.name, suite.blender) for suite in one] == [("addon (bpy 5.0)", "5.0")]
    with pytest.raises(say.DevError, match=r"--bpy 4\.1: .* 4\.2, 4\.5, 5\.0") as told:
        suites.plan(repository, whole=True, versions=["4.1"])
    assert told.value.exit_code == 2


def make_wheel(folder: Path, version: str) -> None:
    """A small wheel called bpy, for pip to install."""
    info = f"bpy-{version}.dist-info"
    members = {
        "bpy/__init__.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: bpy\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*members, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"bpy-{version}-py3-none-any.whl", "w") as archive:
        for name, text in {**members, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)


@pytest.fixture
def root(odd_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose only other Blender is a small wheel beside it."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", odd_path.as_uri())  # a list, split at spaces
    monkeypatch.setattr(bpy_wheels, "_SPACE_GB", 0.01)
    make_wheel(odd_path, "9.8.7")
    (odd_path / "requirements").mkdir()
    (odd_path / "requirements" / bpy_wheels.LIST).write_text("# one\nbpy==9.8.7\n", "utf-8")
    return odd_path


def test_a_wheel_is_fetched_once_and_mended(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bpy_wheels.other_versions(root) == ("9.8",)
    python = Path(sys.executable)
    folder = bpy_wheels.ensure(root, python, "9.8")
    assert folder == root / ".venv-bpy-9.8"
    assert "Fetching Blender 9.8's Python module" in capsys.readouterr().out
    assert "9.8.7" in (folder / "bpy" / "__init__.py").read_text(encoding="utf-8")

    assert bpy_wheels.ensure(root, python, "9.8") == folder
    assert capsys.readouterr().out == "", "what is there is not fetched again"

    # Another version is listed, and it cannot be had: what was there went, nothing half is left.
    (root / "requirements" / bpy_wheels.LIST).write_text("bpy==9.8.8\n", "utf-8")
    with pytest.raises(say.DevError, match="pip could not install the packages"):
        bpy_wheels.ensure(root, python, "9.8")
    assert not folder.exists()

    # The run before was broken off in the middle.
    half = root / ".venv-bpy-9.8.new" / "site"
    half.mkdir(parents=True, exist_ok=True)
    (half / "half-written").write_text("", encoding="utf-8")
    make_wheel(root, "9.8.8")
    assert bpy_wheels.ensure(root, python, "9.8") == folder
    assert sorted(path.name for path in folder.iterdir()) == ["bpy", "bpy-9.8.8.dist-info"]
    assert not half.parent.exists()


def test_a_full_disk_is_told_before_anything_is_fetched(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bpy_wheels, "_SPACE_GB", 1e9)
    with pytest.raises(say.DevError, match=r"GB free, and 1000000000\.0 GB are needed") as told:
        bpy_wheels.ensure(root, Path(sys.executable), "9.8")
    assert str(root) in str(told.value)
    assert len(str(told.value).splitlines()) == 1
    assert not list(root.glob(".venv*"))


def test_a_disk_that_fills_up_is_told_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    words = "ERROR: Could not install packages: [Errno 28] No space left on device"
    broken.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n", "utf-8")
    broken.chmod(0o755)
    if sys.platform == "win32":
        pytest.skip("needs a shell script in pip's place")
    with pytest.raises(say.DevError, match="The disk ran full") as told:
        environment.pip(broken, "install", "x")
    assert len(str(told.value).splitlines()) == 1


def test_tests_refuse_another_blender_than_the_one_meant(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "tests/addon/rig/test_projection.py", "-k", "agrees_with_blender", "-x"],
        cwd=repository, capture_output=True, text=True, env={**os.environ, "MF_BPY": "1.0"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "Blender 1.0 was to be tested, and this is" in done.stdout
