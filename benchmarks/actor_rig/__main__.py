"""python -m benchmarks.actor_rig [--shots NAME...] [--clips FOLDER...] [--out FOLDER]"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.truth.shot_folder import ROOT, Split, Take, cache_folder, find_shots
from mf_backend.contracts.errors import MFError
from motionfollower_addon.core.actor.lifting.camera_rows import Views
from motionfollower_addon.core.actor.lifting.found import Sighting
from motionfollower_addon.core.actor.lifting.whole import lift

from .cameras import filmed_views, plain_views
from .estimated import joints_of
from .scores import Figures, figures

_MOST_OFF, _MOST_UNEVEN, _MOST_SLIDE, _MOST_ERROR = 0.5, 0.001, 2.0, 70.0
_FPS = 24.0


def measure(name: str, frames: Path, out: Path, views: Views | None, truth: Any) -> Figures:
    """Lift one clip's actor, print its row and return its figures."""
    arrays = joints_of(frames, out / f"{name}.npz")
    source = arrays["source"].astype(np.float64)
    size = int(arrays["size"][0]), int(arrays["size"][1])
    seen_by = views if views is not None else plain_views(size, len(source))
    world = arrays["world"].astype(np.float64)
    found = Sighting(source, arrays["state"], seen_by, _FPS, world)
    began = time.process_time()
    lifted = lift(found)
    took = time.process_time() - began
    told = figures(found, lifted, truth)
    print(
        f"{name:36.36} {told.off:8.3f} {100 * told.uneven:9.4f} {told.slide:8.2f} "
        f"{told.error:8.1f} {told.estimator:10.1f} {took:8.1f}",
        flush=True,
    )
    return told


def main(arguments: list[str]) -> int:
    """Measure every clip; 1 where a figure misses what is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.actor_rig", description=__doc__)
    parser.add_argument("--shots", nargs="+", default=[], help="only these filmed shots")
    parser.add_argument("--split", type=Split, choices=list(Split), default=Split.ALL)
    parser.add_argument(
        "--clips", nargs="+", type=Path, default=[], help="folders of frames instead of shots"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "actor-rig")
    options = parser.parse_args(arguments)
    print(
        f"{'':36} {'off, px':>8} {'uneven, %':>9} {'slide, px':>8} {'PA, mm':>8} "
        f"{'estimator':>10} {'seconds':>8}"
    )
    told: dict[str, Figures] = {}
    for folder in options.clips:
        name = "-".join(folder.absolute().parts[-2:])
        told[name] = measure(name, folder, options.out, None, None)
    if not options.clips:
        for shot in find_shots(cache_folder(), options.shots, options.split):
            with np.load(shot.path / Take.SOURCE / "joints.npz") as arrays:
                truth = arrays["positions"].astype(np.float64)
            frames = shot.path / Take.SOURCE / "frames"
            told[shot.name] = measure(
                f"{shot.name}-{shot.hash}", frames, options.out, filmed_views(shot), truth
            )
    missed = [name for name, row in told.items() if not _good(row)]
    errors = [row.error for row in told.values() if np.isfinite(row.error)]
    if errors:
        print(f"mean PA-MPJPE {np.mean(errors):.1f} mm over {len(errors)} shots")
    print(f"missed: {', '.join(missed) or 'nothing'}")
    report = {name: vars(row) for name, row in told.items()}
    (options.out / "actor-rig.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 1 if missed else 0


def _good(row: Figures) -> bool:
    return (
        row.off <= _MOST_OFF
        and row.uneven <= _MOST_UNEVEN
        and row.slide <= _MOST_SLIDE
        and not row.error > _MOST_ERROR
    )


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except MFError as error:
        print(error, file=sys.stderr)
        code = int(error.exit_code)
    sys.stdout.flush()
    # Blender's Python module crashes in its own clean-up at exit.
    os._exit(code)
