"""Finding the Python that the environment is made of: 3.11 or 3.12. Standard library."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .child import Children
from .plan import InstallPaths, InstallPlan, InstallRefusal, PythonChoice

WANTED = ((3, 11), (3, 12))
"""Versions that the list was resolved for, the better tested first."""
UV = "uv==0.13.8"
_SECONDS = 30.0

_QUESTION = """
import importlib.util as u, json, struct, sys
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "version": list(sys.version_info[:3]),
    "bits": 8 * struct.calcsize("P"),
    "venv": all(u.find_spec(n) is not None for n in ("venv", "ensurepip")),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python as it describes itself."""

    path: str
    version: tuple[int, int, int]
    bits: int
    makes_environments: bool

    @property
    def problem(self) -> str:
        """Why it cannot be used, as the end of a sentence; empty where it can."""
        version = ".".join(str(part) for part in self.version)
        if self.version[:2] not in WANTED:
            return f"is Python {version}; the backend needs 3.11 or 3.12"
        if self.bits != 64:
            return "is a 32-bit Python; the backend needs 64 bits"
        if not self.makes_environments:
            minor = ".".join(str(part) for part in self.version[:2])
            return (
                "lacks the modules that make environments; on Debian and Ubuntu "
                f"`sudo apt install python{minor}-venv` brings them"
            )
        return ""


def ask(children: Children, command: list[str]) -> Interpreter | None:
    """Start an interpreter and ask what it is; None where it does not answer."""
    try:
        code, lines = children.run([*command, "-I", "-c", _QUESTION], seconds=_SECONDS)
    except InstallRefusal:
        return None
    try:
        value = json.loads(lines[-1]) if code == 0 and lines else None
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    version = tuple(int(part) for part in value["version"])
    return Interpreter(value["path"], version[:3], int(value["bits"]), bool(value["venv"]))  # type: ignore[arg-type]


def _candidates() -> Iterator[list[str]]:
    """Commands that may start a fitting Python, the likely ones first."""
    for major, minor in WANTED:
        if sys.platform == "win32" and shutil.which("py"):
            yield ["py", f"-{major}.{minor}"]
        for name in (f"python{major}.{minor}", f"python{major}.{minor}.exe"):
            for folder in os.get_exec_path():
                path = Path(folder) / name
                if path.is_file() and os.access(path, os.X_OK):
                    yield [str(path)]
        if sys.platform == "darwin":
            # Programs started from the Dock do not have these on their PATH.
            for folder in ("/opt/homebrew/bin", "/usr/local/bin", _framework(major, minor)):
                path = Path(folder) / f"python{major}.{minor}"
                if path.is_file():
                    yield [str(path)]
    for name in ("python3", "python"):
        found = shutil.which(name)
        if found:
            yield [found]


def _framework(major: int, minor: int) -> str:
    return f"/Library/Frameworks/Python.framework/Versions/{major}.{minor}/bin"


def find(children: Children) -> Interpreter | None:
    """The first Python on this machine that fits; None where there is none."""
    asked = set()
    for command in _candidates():
        key = tuple(command)
        if key in asked:
            continue
        asked.add(key)
        found = ask(children, command)
        if found is not None and not found.problem:
            return found
    return None


def choose(children: Children, plan: InstallPlan, paths: InstallPaths) -> Interpreter:
    """The Python of a plan. Raises InstallRefusal with what to do where there is none."""
    if plan.python_choice is PythonChoice.CHOSEN:
        return _chosen(children, plan.python)
    if plan.python_choice is not PythonChoice.UV:
        found = find(children)
        if found is not None:
            return found
        if plan.python_choice is PythonChoice.FOUND:
            raise InstallRefusal(
                "python-missing",
                "No Python 3.11 or 3.12 was found on this machine.",
                "Install one from python.org, point at one, or let uv bring one.",
            )
    return _by_uv(children, paths)


def _chosen(children: Children, text: str) -> Interpreter:
    if not text.strip():
        raise InstallRefusal("python-unset", "No Python is chosen.", "Point at a Python 3.11.")
    path = Path(text)
    if path.is_dir():
        names = (
            "python.exe",
            "Scripts/python.exe",
            "bin/python3",
            "bin/python",
            "python3",
            "python",
        )
        path = next((path / name for name in names if (path / name).is_file()), path)
    found = ask(children, [str(path)])
    if found is None:
        raise InstallRefusal(
            "python-silent",
            f"{path} does not answer as a Python would.",
            "Point at the program itself, python3.11 or python.exe.",
        )
    if found.problem:
        raise InstallRefusal(
            "python-unfit", f"{path} {found.problem}.", "Point at another, or let one be found."
        )
    return found


def _by_uv(children: Children, paths: InstallPaths) -> Interpreter:
    uv = find_uv(children, paths)
    wanted = ".".join(str(part) for part in WANTED[0])
    # An interpreter that uv knows of does as well as one that it would fetch.
    environment = {"UV_PYTHON_INSTALL_DIR": str(paths.pythons)}
    find_command = [uv, "python", "find", "--no-project", f">={wanted},<3.13"]
    code, lines = children.run(find_command, env=environment)
    if code != 0 or not lines:
        install = [uv, "python", "install", "--no-bin", wanted]
        code, told = children.run(install, env=environment)
        if code != 0:
            last = next((text.strip() for text in reversed(told) if text.strip()), f"code {code}")
            raise InstallRefusal(
                "uv-failed",
                f"uv could not bring Python {wanted}: {last}",
                "Check the connection, or install Python 3.11 from python.org and point at it.",
            )
        code, lines = children.run([*find_command, "--managed-python"], env=environment)
    path = lines[-1].strip() if code == 0 and lines else ""
    return _chosen(children, path)


def find_uv(children: Children, paths: InstallPaths) -> str:
    """uv on this machine, or one that pip brings into the installation's folder.

    pip is the copy inside ensurepip, run from its own wheel: Blender's Python stays as it is.
    """
    own = paths.uv / "bin" / ("uv.exe" if sys.platform == "win32" else "uv")
    if own.is_file():
        return str(own)
    found = shutil.which("uv")
    if found:
        return found
    pip = _bundled_pip()
    if pip is None:
        raise InstallRefusal(
            "uv-missing",
            "uv is not installed, and this Blender's Python has no pip to bring it with.",
            "Install Python 3.11 from python.org, or uv, and try again.",
        )
    command = [sys.executable, str(pip / "pip"), "install", "--no-deps", "--target", str(paths.uv)]
    code, lines = children.run([*command, UV])
    if code != 0 or not own.is_file():
        last = lines[-1] if lines else f"pip ended with code {code}"
        raise InstallRefusal(
            "uv-missing",
            f"uv could not be fetched: {last}",
            "Check the connection, or install Python 3.11 from python.org and point at it.",
        )
    return str(own)


def _bundled_pip() -> Path | None:
    try:
        import ensurepip
    except ImportError:
        return None
    wheels = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    return wheels[0] if wheels else None
