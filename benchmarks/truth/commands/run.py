"""`run`: have filmed shots edited by the real backend, and score the results."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import MFError
from mf_backend.engines import ENGINES

from ..measurement import Measurement
from ..running.backend import Backend, own_python
from ..running.jobs import Runner
from ..running.variants import Fitting, Given, variants
from ..shot_folder import ROOT, Split, cache_folder, find_shots
from ..tables import mean_table, shot_table

OUT = ROOT / "out" / "truth-run"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--shots", nargs="+", default=[], metavar="NAME", help="only these")
    chosen.add_argument("--split", type=Split, choices=list(Split), default=Split.ALL)
    parser.add_argument("--engines", nargs="+", default=["preview"], choices=ENGINES.names())
    parser.add_argument(
        "--alignment", nargs="+", type=Fitting, default=list(Fitting), choices=list(Fitting)
    )
    parser.add_argument(
        "--conditions", nargs="+", type=Given, default=list(Given), choices=list(Given)
    )
    parser.add_argument("--out", type=Path, default=OUT, help=f"default: {OUT}")
    parser.add_argument(
        "--python",
        type=Path,
        default=own_python(),
        help="whose backend is measured, e.g. the .venv/bin/python of another checkout",
    )
    parser.add_argument("--again", action="store_true", help="make again what is there")


def run(options: argparse.Namespace) -> int:
    """Edit and score; 1 where a job failed."""
    cache = cache_folder()
    shots = find_shots(cache, options.shots, options.split)
    backend = Backend.of(options.python)
    out = options.out.absolute()
    runner = Runner(backend, out / "jobs", cache / ".estimates", options.again)
    measurement = Measurement(out / "truth.json", runner)
    wanted = variants(options.engines, options.alignment, options.conditions)
    failed = 0
    for number, shot in enumerate(shots, 1):
        print(f"{shot.name} ({number} of {len(shots)}, {shot.count} frames)", flush=True)
        began = time.monotonic()
        measured = measurement.of_shot(shot)
        for variant in wanted:
            try:
                measured.measure(variant)
            except MFError as error:
                failed += 1
                print(f"  {variant.name}: {error}", flush=True)
        print(shot_table(measurement.told["shots"][shot.name]), flush=True)
        print(f"  took {time.monotonic() - began:.0f} s", flush=True)
    told: dict[str, Any] = measurement.told
    if len(shots) > 1:
        print(mean_table({shot.name: told["shots"][shot.name] for shot in shots}))
    print(f"written to {measurement.path}")
    return 1 if failed else 0
