"""The backend that is measured: which code it is, and running its command line."""

from __future__ import annotations

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

# What the actor's joints and masks come from; changes elsewhere let them be used again.
_ESTIMATING = (
    "actor/joints", "actor/masks", "actor/user_files.py", "clip", "skeleton",
    "conditioning/joints_stage.py", "conditioning/masks_stage.py", "conditioning/stage_files.py",
)  # fmt: skip
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
        return _hash(self.package, [self.package])

    def estimating_code(self) -> str:
        """Hash of the code that finds the actor's joints and masks."""
        return _hash(self.package, [self.package / name for name in _ESTIMATING])

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


def _hash(root: Path, places: Iterable[Path]) -> str:
    """Over the names and contents of the Python and JSON files in some folders and files."""
    digest = hashlib.sha256()
    for place in places:
        files = place.rglob("*") if place.is_dir() else [place]
        for file in sorted(file for file in files if file.suffix in (".py", ".json")):
            digest.update(file.relative_to(root).as_posix().encode() + b"\0")
            digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
