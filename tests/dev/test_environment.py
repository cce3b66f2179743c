"""dev.py's own environment: made once, reused, mended; and plain words where it cannot be."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devtools import environment, say, system


def _lists(repository: Path) -> dict[str, str]:
    pins = {}
    for name in environment.LISTS:
        for line in (repository / "requirements" / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                match = re.fullmatch(r"([\w.-]+)==([\w.]+)(?: ; (.+))?", line)
                assert match, f"{line!r} in {name} is not one package with its exact version"
                if not match[3]:
                    pins[match[1]] = match[2]
    return pins


def test_what_runs_here_is_what_the_lists_say(repository: Path) -> None:
    pins = _lists(repository)
    assert len(pins) > 50
    here = {name: importlib.metadata.version(name).split("+")[0] for name in pins}
    assert here == pins


def test_every_package_the_backend_imports_is_listed(repository: Path) -> None:
    import ast

    known = importlib.metadata.packages_distributions()
    pins = {re.sub(r"[-_.]+", "-", name).lower() for name in _lists(repository)}
    outside = set()
    for path in (repository / "mf_backend").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                outside |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                outside.add(node.module.split(".")[0])
    outside -= set(sys.stdlib_module_names) | {"mf_backend"}
    for module in outside:
        for distribution in known.get(module, []):
            name = re.sub(r"[-_.]+", "-", distribution).lower()
            assert name in pins, f"{module} comes from {name}, which no list in requirements/ has"


@pytest.fixture
def small(repository: Path, odd_path: Path) -> Path:
    """A repository like this one whose lists hold only what builds mf_backend."""
    pins = _lists(repository)
    (odd_path / "requirements").mkdir()
    (odd_path / "requirements" / "backend.txt").write_text(
        f"# one package\nsetuptools=={pins['setuptools']}\n", encoding="utf-8"
    )
    (odd_path / "requirements" / "development.txt").write_text("", encoding="utf-8")
    (odd_path / "mf_backend").mkdir()
    (odd_path / "mf_backend" / "__init__.py").write_text('"""Nothing."""\n', encoding="utf-8")
    (odd_path / "mf_backend" / "version.py").write_text('VERSION = "9.9.9"\n', encoding="utf-8")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (odd_path / name).write_bytes((repository / name).read_bytes())
    return odd_path


def _version(python: Path) -> str:
    code = "import importlib.metadata as m; print(m.version('mf_backend'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_an_environment_is_made_reused_and_mended(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = environment.ensure(small)
    assert "Installing 1 packages" in capsys.readouterr().out
    assert _version(python) == "9.9.9"

    start = time.monotonic()
    assert environment.ensure(small) == python
    assert time.monotonic() - start < 1.0
    assert capsys.readouterr().out == ""

    # An interrupted set-up: the state still says that packages were going in.
    state = small / ".venv" / "motionfollower-setup.json"
    state.write_text('{"installing": "x"}', encoding="utf-8")
    stray = small / ".venv" / "half-written"
    stray.write_text("", encoding="utf-8")
    environment.ensure(small)
    assert "making .venv anew" in capsys.readouterr().out
    assert not stray.exists()
    assert _version(python) == "9.9.9"

    # A changed list is noticed.
    extra = small / "requirements" / "development.txt"
    extra.write_text("iniconfig==" + importlib.metadata.version("iniconfig") + "\n", "utf-8")
    environment.ensure(small)
    assert "Installing 2 packages" in capsys.readouterr().out
    subprocess.run([python, "-c", "import iniconfig"], check=True)


@pytest.mark.slow
def test_a_list_that_cannot_be_installed_is_told_and_tried_again(small: Path) -> None:
    listed = small / "requirements" / "development.txt"
    listed.write_text("./no-such-package\n", encoding="utf-8")
    with pytest.raises(say.DevError, match="pip could not install the packages"):
        environment.ensure(small)
    listed.write_text("", encoding="utf-8")
    assert _version(environment.ensure(small)) == "9.9.9"


def test_missing_system_libraries_are_named_with_their_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has packages to name")
    monkeypatch.setitem(system.LIBRARIES, "libno-such-thing.so.7", "libno-such-thing7")
    with pytest.raises(say.DevError) as told:
        system.require(tmp_path, Path(sys.executable))
    assert "missing: libno-such-thing7." in str(told.value)
    assert "apt-get install -y libno-such-thing7" in str(told.value)


def test_an_interpreter_that_cannot_draw_is_told(tmp_path: Path) -> None:
    if system.absent_packages():
        pytest.skip("the system libraries themselves are missing here")
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'Unable to open a display' >&2\nexit 134\n", "utf-8")
    broken.chmod(0o755)
    with pytest.raises(say.DevError, match="cannot draw on this machine") as told:
        system.require(tmp_path, broken)
    assert "Unable to open a display" in str(told.value)
    assert not (tmp_path / "motionfollower-renders").exists()


def _load_dev(repository: Path):
    spec = importlib.util.spec_from_file_location("dev_under_test", repository / "dev.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_wrong_python_is_told_what_to_install(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dev = _load_dev(repository)
    monkeypatch.setattr(dev, "WANTED", (3, 99))
    assert dev.main() == 2
    said = capsys.readouterr().err
    assert "made for 3.99" in said
    assert "python3.99" in said or "Python.3.99" in said or "python@3.99" in said
    assert len(said.splitlines()) == 1


def test_commands_explain_themselves(repository: Path) -> None:
    said = subprocess.run(
        [sys.executable, "dev.py", "--help"], cwd=repository, capture_output=True, text=True
    )
    assert said.returncode == 0
    for command in ("setup", "demo", "test", "check", "build", "clean"):
        assert command in said.stdout
    wrong = subprocess.run(
        [sys.executable, "dev.py", "build", "--nonsense"], cwd=repository, capture_output=True
    )
    assert wrong.returncode == 2
