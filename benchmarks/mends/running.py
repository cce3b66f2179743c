"""Commands of the backend, and jobs that take an actor from a store."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mf_backend.clip import probe_clip, reference_for
from mf_backend.contracts.files import write_npz
from mf_backend.contracts.request import JobRequest, Settings, Target
from mf_backend.jobs.disk.folder import JobFolder, create_job


def call(*arguments: object) -> Any:
    """Run a command of the backend; what it printed as JSON."""
    command = [sys.executable, "-m", "mf_backend", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def export(root: Path, clip: Path, name: str) -> JobFolder:
    """Run a job's first stages, which take the masks from the store."""
    info = probe_clip(clip)
    reference = replace(reference_for(clip), fps=24.0)
    request = JobRequest(name, reference, Target(joints="inputs/target_joints.npz"),
                         Settings(), actors=str(root / "actors"))  # fmt: skip
    job = JobFolder(root / name)
    if not job.request.exists():
        create_job(job.path, request)
        target = np.full((info.count, 60, 2), 100.0, np.float32)
        write_npz(job.inputs / "target_joints.npz", target=target,
                  size=np.array([info.width, info.height]))  # fmt: skip
    call("run", job.path, "--until", "masks")
    return job
