"""Makes .venv from the exact lists in requirements/, and mends one that was left half made."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from devtools import pose_model, say, system

LISTS = ("backend.txt", "development.txt")
_STATE = "motionfollower-setup.json"
_SPACE_GB = 4.5
"""Free disk space that all packages take: 2.8 GB and, meanwhile, what pip fetches."""
_GPU_SPACE_GB = 6.0
"""The same for what a GPU build of torch loads beside them: 3.8 GB."""


def python_of(venv: Path) -> Path:
    """The interpreter of a virtual environment on this system."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def wanted(root: Path) -> str:
    """Hash of everything that the environment is made from."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {root}".encode())
    for name in LISTS:
        digest.update((root / "requirements" / name).read_bytes())
    package = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for table in ("build-system", "project"):  # settings of ruff and pytest change nothing
        digest.update(json.dumps(package[table], sort_keys=True).encode())
    return digest.hexdigest()


def _read_state(venv: Path) -> dict[str, str]:
    try:
        value = json.loads((venv / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _write_state(venv: Path, **state: str) -> None:
    temporary = venv / f"{_STATE}.new"
    temporary.write_text(json.dumps(state), encoding="utf-8")
    temporary.replace(venv / _STATE)


def ensure(root: Path) -> Path:
    """Return the interpreter of a complete .venv, making or mending it first where needed.

    Raises say.DevError with what to do where that fails.
    """
    venv = root / ".venv"
    python = python_of(venv)
    key = wanted(root)
    state = _read_state(venv)
    if state.get("ready") == key and python.is_file():
        return python
    started = time.monotonic()
    if "torch==" in (root / "requirements" / LISTS[0]).read_text(encoding="utf-8"):
        require_space(root, _SPACE_GB if not python.is_file() else 1.0)
    if state.get("installing"):
        say.line("The last set-up did not finish; making .venv anew.")
    if state.get("installing") or not _answers(python):
        _make(venv)
    _write_state(venv, installing=key)
    _install(root, python)
    with say.step("Installing mf_backend from this folder"):
        pip(python, "install", "--no-deps", "--no-build-isolation", "-q", "-e", str(root))
    _check_torch(root, python)
    pose_model.install(python)
    _write_state(venv, ready=key)
    say.line(f"The environment is ready ({say.duration(time.monotonic() - started)}).")
    return python


def _answers(python: Path) -> bool:
    """Whether the interpreter starts, is of this version and has pip."""
    version = "{}.{}".format(*sys.version_info)
    code = "import sys, pip; print('{}.{}'.format(*sys.version_info))"
    try:
        answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def _make(venv: Path) -> None:
    base = getattr(sys, "_base_executable", sys.executable)  # not .venv's own, which is cleared
    with say.step("Making a Python environment in .venv"):
        made = subprocess.run(
            [base, "-P", "-m", "venv", "--clear", str(venv)], capture_output=True, text=True
        )
    if made.returncode == 0:
        return
    told = (made.stderr + made.stdout).strip()
    if "ensurepip" in told:
        version = "{}.{}".format(*sys.version_info)
        raise say.DevError(
            "Python's parts for making environments are not installed. On Debian and Ubuntu:\n"
            f"    {system.install_command([f'python{version}-venv'])}\n"
            "Then run the same command again."
        )
    raise say.DevError(f"The environment could not be made: {told}")


def require_space(folder: Path, gigabytes: float) -> None:
    """Raise say.DevError where the disk of `folder` has less free than that."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise say.DevError(
            f"{folder} has {free:.1f} GB free, and {gigabytes:.1f} GB are needed for the packages. "
            "Make room there, then run the same command again."
        )


def pip(python: Path, *arguments: str, temporary: Path | None = None) -> None:
    """Run pip of that interpreter, with `temporary` for what it unpacks meanwhile.

    Raises say.DevError with pip's last words and what to do.
    """
    command = [str(python), "-P", "-m", "pip", "--disable-pip-version-check", *arguments]
    variables = dict(os.environ)
    if temporary is not None:
        temporary.mkdir(parents=True, exist_ok=True)
        variables |= dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(temporary))
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=variables)
    if done.returncode != 0:
        raise _pip_failed((done.stdout + done.stderr).splitlines())


def _pip_failed(lines: list[str]) -> say.DevError:
    if any("No space left on device" in text for text in lines):
        return say.DevError(
            "The disk ran full while pip installed the packages. Make room there and in the folder "
            f"for temporary files ({tempfile.gettempdir()}), then run the same command again."
        )
    told = [text for text in lines if text.strip() and not text.startswith("WARNING")][-12:]
    return say.DevError(
        "\n".join(told) + "\npip could not install the packages (its last words are above). Check "
        "the network, then run the same command again."
    )


def _install(root: Path, python: Path) -> None:
    """Install the lists, telling every few seconds how far it is."""
    files = [root / "requirements" / name for name in LISTS]
    total = sum(
        1
        for file in files
        for text in file.read_text(encoding="utf-8").splitlines()
        if text.strip() and not text.startswith("#")
    )
    command = [
        str(python),
        "-P",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--no-deps",
    ]
    command += ["--progress-bar", "off"]
    for file in files:
        command += ["-r", str(file)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with say.step(f"Installing {total} packages (about 2.8 GB on disk; one to five minutes)"):
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
        )
        lines: list[str] = []
        seen = 0
        told = time.monotonic()
        assert process.stdout is not None
        for text in process.stdout:
            lines.append(text.rstrip())
            if text.startswith(("Collecting", "Requirement already", "Ignoring ")):
                seen += 1
            if text.startswith("Installing collected"):
                say.line("    all fetched; unpacking them")
            elif time.monotonic() - told > 4 and text.startswith("Collecting"):
                told = time.monotonic()
                say.line(f"    {seen} of {total}: {text.split()[1]}")
        if process.wait() != 0:
            raise _pip_failed(lines)


def _check_torch(root: Path, python: Path) -> None:
    """Add what torch loads on this machine (GPU builds bring their libraries as packages)."""
    probe = [str(python), "-c", "import torch"]
    if subprocess.run(probe, capture_output=True).returncode == 0:
        return
    lists = (root / "requirements" / LISTS[0]).read_text(encoding="utf-8").splitlines()
    torch = next((text for text in lists if text.startswith("torch==")), "")
    if not torch:
        return
    require_space(root, _GPU_SPACE_GB)
    with say.step(f"Installing the GPU libraries that {torch} needs here (3.8 GB on disk)"):
        pip(python, "install", torch, "numpy" + _pin(lists, "numpy"))
    answer = subprocess.run(probe, capture_output=True, text=True)
    if answer.returncode != 0:
        raise say.DevError(f"torch does not start here: {answer.stderr.strip().splitlines()[-1]}")


def _pin(lists: list[str], package: str) -> str:
    return next(text for text in lists if text.startswith(f"{package}=="))[len(package) :]
