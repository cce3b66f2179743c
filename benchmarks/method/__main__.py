"""Prints what each part of the method brings: the sampler in many ways over filmed shots."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.truth.running.backend import Backend, own_python
from benchmarks.truth.running.jobs import Runner
from benchmarks.truth.running.variants import Fitting, Given, Variant
from benchmarks.truth.shot_folder import ROOT, ShotFolder, cache_folder, find_shots
from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.files import write_json
from mf_backend.models.model_set import ModelSet
from mf_backend.weights.folder import sample_folder
from mf_backend.weights.loading import load_models
from mf_backend.weights.weight_set import open_set

from .measuring import BASELINES, baselines, measure
from .rows import Group, Row, chosen_rows, named_rows, read_groups
from .table import table
from .window_shot import open_window

OUT = ROOT / "out" / "method"
SHOTS = ("hall-dance-dolly", "studio-turn")
LONG = "room-long"
PREVIEW = Variant("preview", Fitting.MATCHED, Given.TRUE)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(prog="python -m benchmarks.method", description=__doc__)
    add = command.add_argument
    add("--weights", type=Path, default=sample_folder(), help="the set; default: the package's own")
    add("--shots", nargs="+", default=list(SHOTS), metavar="NAME", help=f"default: {SHOTS}")
    add("--frames", type=int, default=12, help="so many of each shot, from its first (default 12)")
    add("--rows", default="", metavar="A,B", help=f"only these of {', '.join(Group)}")
    add("--named", nargs="+", default=[], metavar="ROW", help="only the rows of these names")
    add("--long-shot", default=LONG, metavar="NAME", help=f"for windows; default: {LONG}")
    add("--long-frames", type=int, default=240, help="of that one (default 240)")
    add("--device", default="cpu", help="cpu, or cuda:N")
    add("--pose", action="store_true", help="look for the joints, too: a second a picture more")
    add("--out", type=Path, default=OUT, help=f"figures and pictures; default: {OUT}")
    add("--again", action="store_true", help="measure again what is there")
    return command


def main(arguments: list[str]) -> int:
    """Measure and print; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        _run(options)
    except MFError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.frames < 2 or options.long_frames < 2:
        raise InputError("method-frames", "At least two frames of a shot are needed.")
    if options.named:
        rows = named_rows(options.named)
    else:
        rows = chosen_rows(read_groups(options.rows) if options.rows else ())
    weights = options.weights.absolute()
    cache, out = cache_folder(), options.out.absolute()
    backend = Backend.of(own_python())
    runner = Runner(backend, out / "jobs", cache / ".estimates")
    key = f"{open_set(weights).fingerprint[:16]}-{backend.code()}"
    models = load_models(weights, device=options.device)
    for long, count, names in (
        (False, options.frames, options.shots),
        (True, options.long_frames, [options.long_shot]),
    ):
        asked = [row for row in rows if row.long is long]
        if not asked:
            continue
        shots = [_first(shot, count) for shot in find_shots(cache, names)]
        told = [_measured(shot, asked, models, weights, runner, key, options) for shot in shots]
        shown = [*BASELINES, *(row.name for row in asked)]
        width = models.config.picture_side
        print(f"\n{', '.join(names)}: {count} frames at {width} pixels\n")
        print(table(shown, told), flush=True)


def _measured(
    shot: ShotFolder,
    rows: list[Row],
    models: ModelSet,
    weights: Path,
    runner: Runner,
    key: str,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Figures by row; each is written once it is there."""
    path = runner.out.parent / "figures" / key / f"{shot.name}.json"
    told: dict[str, Any] = {}
    if path.is_file() and not options.again:
        told = json.loads(path.read_text(encoding="utf-8"))
    job = runner.edit(shot, PREVIEW)
    with open_window(shot, job, weights) as window:
        if any(name not in told or _lacks_pose(told[name], options) for name in BASELINES):
            told.update(baselines(models, window, options.pose))
        for row in rows:
            known = told.get(row.name)
            if known is not None and not _lacks_pose(known, options):
                continue
            began = time.monotonic()
            strip = path.with_name(shot.name) / f"{row.file_name}.png"
            told[row.name] = measure(models, window, row.options, strip, options.pose)
            write_json(path, told)
            print(f"{shot.name}: {row.name} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    return told


def _lacks_pose(row: dict[str, Any], options: argparse.Namespace) -> bool:
    return options.pose and "pose" not in row and "failed" not in row


def _first(shot: ShotFolder, count: int) -> ShotFolder:
    """The beginning of a shot, under a name of its own."""
    if count >= shot.count:
        return shot
    return dataclasses.replace(shot, name=f"{shot.name}-first-{count}", count=count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
