"""Makes two jobs that share a folder of actors, runs them, and prints their stages' seconds."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import probe_clip, reference_for
from mf_backend.contracts.files import write_npz
from mf_backend.contracts.request import JobRequest, Settings, Target
from mf_backend.jobs.disk.folder import create_job

MOST = 0.15
"""Of the first take's seconds before the engine, what the second one's may be."""
_BEFORE = ("read", "joints", "masks", "align", "target_mask")
_STANDING = (
    *((0, -150), (0, -120), (-30, -120), (-60, -150), (-70, -190), (30, -120), (60, -150)),
    *((70, -190), (-18, -20), (-20, 50), (-22, 120), (18, -20), (20, 50), (22, 120)),
    *((-6, -156), (6, -156), (-14, -152), (14, -152)),
)
"""Body joints of a person with raised arms, 310 pixels tall."""


def motion(count: int, size: tuple[int, int]) -> NDArray[np.float32]:
    """Target joints [count, 60, 2]: that person, swaying."""
    joints = np.full((count, 60, 2), np.nan, np.float32)
    scale = min(size) / 512
    for index in range(count):
        sway = 20 * np.sin(index / 8)
        joints[index, :18] = np.array(_STANDING) * scale + [size[0] / 2 + sway, size[1] * 0.6]
    return joints


def take(root: Path, name: str, clip: Path, count: int) -> tuple[dict[str, float], float]:
    """Run one take; the seconds of its stages, and the processor's for those before the engine."""
    info = probe_clip(clip)
    size = (info.width, info.height)
    used = min(count, info.count) if count else info.count
    request = JobRequest(
        id=name,
        reference=replace(reference_for(clip), count=used),
        target=Target(joints="inputs/target_joints.npz"),
        settings=Settings(),
        actors=str(root / "actors"),
    )
    job = create_job(root / name, request)
    target = motion(used, size)
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array(size))
    start = _run(job.path, "--until", _BEFORE[0])
    before = _run(job.path, "--until", _BEFORE[-1]) - start
    _run(job.path)
    timings: dict[str, float] = json.loads(job.report.read_text(encoding="utf-8"))[
        "timings_seconds"
    ]
    return timings, before


def _run(*arguments: object) -> float:
    """Run a job; the processor seconds that it took."""
    before = _spent()
    subprocess.run(
        [sys.executable, "-m", "mf_backend", "run", *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return _spent() - before


def _spent() -> float:
    """Processor seconds of all processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def measure(clip: Path, count: int) -> dict[str, Any]:
    """Both takes' seconds and the ratio of what comes before the engine."""
    with tempfile.TemporaryDirectory(prefix="mf-analysis-") as folder:
        takes = [take(Path(folder), name, clip, count) for name in ("first", "second")]
    (first, first_spent), (second, second_spent) = takes
    before = [sum(seconds.get(stage, 0.0) for stage in _BEFORE) for seconds in (first, second)]
    return {
        "first": first,
        "second": second,
        "before_engine": [round(value, 2) for value in before],
        "ratio": round(before[1] / before[0], 3),
        "processor": [round(first_spent, 2), round(second_spent, 2)],
        "processor_ratio": round(second_spent / first_spent, 3),
        "at_most": MOST,
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def main() -> int:
    """Measure and print; 1 where the ratio is too large."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analysis", description=__doc__)
    parser.add_argument("clip", type=Path, help="video or folder of images that shows a person")
    parser.add_argument("--count", type=int, default=0, help="frames used (0: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    found = measure(args.clip.absolute(), args.count)
    if args.json:
        print(json.dumps(found))
    else:
        print(f"{'stage':12} {'first':>8} {'second':>8}")
        for stage in found["first"]:
            print(f"{stage:12} {found['first'][stage]:8.2f} {found['second'].get(stage, 0.0):8.2f}")
        one, two = found["before_engine"]
        print(f"before the engine {one} s and {two} s: {found['ratio']} (at most {MOST})")
        one, two = found["processor"]
        ratio, load = found["processor_ratio"], found["load"]
        print(f"in processor seconds {one} and {two}: {ratio}; load {load}")
    return 0 if found["ratio"] <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
