"""The backend that is measured: which code it is, and running its command line."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mf_backend.contracts.errors import InputError, MFError

_ESTIMATING = (
    "actor/joints", "actor/masks", "conditioning/joints_stage.py", "conditioning/masks_stage.py",
)  # fmt: skip
"""What finds the actor's joints and masks; whatever it imports belongs to it, too."""
_WITHOUT = "contracts"
"""Checks and forms of files: they change often, and no joint or mask with them."""
_SHOWN = 2000
_PROBE = """
import json, tempfile
from pathlib import Path
import numpy as np
import mf_backend
from mf_backend.actor.user_files import JOB_TARGET, read_target_joints
from mf_backend.contracts.errors import InputError
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "joints.npz")
    joints = np.zeros((1, 60, 2), np.float32)
    np.savez(path, target=joints, size=np.array([8, 8]), positions=np.zeros((1, 60, 3), np.float32))
    try:
        read_target_joints(path, JOB_TARGET, 1)
        depth = True
    except InputError:
        depth = False
print(json.dumps([mf_backend.__file__, depth]))
"""
"""Told by a backend: where it lies, and whether a target may have its joints' places in space."""


@dataclass(frozen=True)
class Backend:
    """A Python and the mf_backend that it imports."""

    python: Path
    package: Path
    """The folder mf_backend."""
    depth: bool
    """Whether it takes a target's `positions` [frames, 60, 3]; earlier versions refuse them."""

    @staticmethod
    def of(python: Path) -> Backend:
        """The backend of a Python. Raises InputError where it has none."""
        told = subprocess.run(
            [str(python), "-P", "-c", _PROBE],
            capture_output=True,
            text=True,
            cwd=tempfile.gettempdir(),
            env=_environment(),
            check=False,
        )
        if told.returncode:
            raise InputError(
                "no-backend",
                f"{python} cannot tell of its mf_backend: {told.stderr.strip()[-_SHOWN:]}",
                "Give the .venv/bin/python of a checkout that `dev.py setup` was run in.",
            )
        file, depth = json.loads(told.stdout)
        return Backend(python.absolute(), Path(file).parent, bool(depth))

    def code(self) -> str:
        """Hash of all its code."""
        return self._hash(_sources(self.package))

    def estimating_code(self) -> str:
        """Hash of the code that finds the actor's joints and masks: while it stays the same, they
        can be used again."""
        found: set[Path] = set()
        todo = {file for name in _ESTIMATING for file in _sources(self.package / name)}
        while todo:
            file = todo.pop()
            found.add(file)
            if file.suffix == ".py":
                todo |= self._imported(file) - found
        return self._hash(found)

    def _imported(self, file: Path) -> set[Path]:
        """Files of the package that a file imports, anywhere in it."""
        modules: set[str] = set()
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module:
                modules |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
            elif isinstance(node, ast.Import):
                modules |= {name.name for name in node.names}
        files = set()
        for module in modules:
            first, *rest = module.split(".")
            if first == self.package.name and rest and rest[0] != _WITHOUT:
                place = self.package.joinpath(*rest)
                files |= {place.with_suffix(".py"), place / "__init__.py"}
        return {file for file in files if file.is_file()}

    def _hash(self, files: Iterable[Path]) -> str:
        """Over names and contents."""
        digest = hashlib.sha256()
        for file in sorted(files):
            digest.update(file.relative_to(self.package).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
        return digest.hexdigest()[:16]

    def run_job(self, job: Path, *options: str) -> None:
        """Run a job's folder to its end on one thread. Raises MFError with what it said."""
        done = subprocess.run(
            [str(self.python), "-P", "-m", "mf_backend", "run", str(job), *options],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            cwd=job,
            env=_environment(),
            check=False,
        )
        if done.returncode:
            raise MFError(
                "truth-job-failed",
                f"The job {job} ended with {done.returncode}: {done.stderr.strip()[-_SHOWN:]}",
                f"Look into {job / 'log.txt'}.",
            )


def own_python() -> Path:
    """The Python that runs this."""
    return Path(sys.executable)


def _environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def _sources(place: Path) -> list[Path]:
    """The Python and JSON files of a folder, or a single one."""
    files = place.rglob("*") if place.is_dir() else [place]
    return [file for file in files if file.suffix in (".py", ".json")]
