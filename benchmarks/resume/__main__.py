"""`python -m benchmarks.resume SHOTS`: train twice, once killed again and again, and compare.

Both runs learn through all three stages, one thread each. The second one is killed (nothing is
saved, nothing said) once its log is past each of some moments, and started again. Then every loss
in the logs and every weight must be the same.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.truth.shot_folder import ROOT
from mf_backend.weights.weight_set import open_set

_SHARES = {"decoder": 0.25, "image": 0.5, "clip": 0.25}
"""Of all steps, by stage."""
_PATIENCE = 1800.0
"""Seconds that a run may take to get to its next moment."""
_LOOK = 0.05


def command(options: argparse.Namespace, run: Path) -> list[str]:
    """The command that trains into `run`, or goes on there."""
    words = [sys.executable, "-P", "-m", "mf_backend", "train", options.shots, "--to", run]
    for stage, share in _SHARES.items():
        words += [f"--{stage}-steps", max(1, round(share * options.steps))]
    words += ["--batch", 2, "--clips", 1, "--clip-frames", 4, "--threads", 1, "--rendered"]
    words += ["--keep-every", options.keep_every, "--show-every", 10 * options.steps]
    if options.config:
        words += ["--config", options.config]
    return [str(word) for word in words]


def losses(run: Path) -> list[tuple[str, int, float]]:
    """Stage, step and loss of every line of a run's log that is whole."""
    found = []
    for line in (run / "log.jsonl").read_text("utf-8").splitlines():
        told = json.loads(line)
        if "loss" in told:
            found.append((str(told["stage"]), int(told["step"]), float(told["loss"])))
    return found


def steps_done(run: Path) -> int:
    """The last step of all stages together that a log names; 0 before there is one."""
    log = run / "log.jsonl"
    # A line that is being written has no end yet.
    lines = log.read_text("utf-8").splitlines(keepends=True) if log.is_file() else []
    totals = [json.loads(line).get("total", 0) for line in lines if line.endswith("\n")]
    return int(totals[-1]) if totals else 0


def killed_at(options: argparse.Namespace, run: Path, moment: int) -> int:
    """Start or go on with a run and kill it past a moment; the step that its log had then.

    Raises SystemExit where it ends by itself, or does not get there.
    """
    with (run.parent / "killed.log").open("a", encoding="utf-8") as log:
        process = subprocess.Popen(command(options, run), stdout=log, stderr=log, cwd=ROOT)
        begun = time.monotonic()
        try:
            while steps_done(run) < moment:
                if process.poll() is not None or time.monotonic() - begun > _PATIENCE:
                    raise SystemExit(f"It did not get to step {moment}: see {log.name}")
                time.sleep(_LOOK)
        finally:
            process.kill()
            process.wait()
    return steps_done(run)


def finish(options: argparse.Namespace, run: Path) -> None:
    """Let a run end. Raises SystemExit where it does not."""
    done = subprocess.run(
        command(options, run), capture_output=True, text=True, check=False, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"Training failed:\n{done.stdout}{done.stderr}")


def main(arguments: list[str]) -> int:
    """Train, kill, compare and print; 0 where everything is the same."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resume", description=__doc__)
    parser.add_argument("shots", type=Path, help="folder of shots; python -m film makes some")
    parser.add_argument("--steps", type=int, default=200, help="of all stages (default 200)")
    parser.add_argument("--kills", type=int, default=5, help="default 5")
    parser.add_argument("--keep-every", type=int, default=15, help="steps between checkpoints")
    parser.add_argument("--config", type=Path, help="model.json; default: the sample set's sizes")
    options = parser.parse_args(arguments)
    options.shots = options.shots.absolute()
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder, "whole"), Path(folder, "broken")
        finish(options, whole)
        for k in range(options.kills):
            moment = round((k + 0.5) / options.kills * options.steps)
            print(f"killed past step {killed_at(options, broken, moment)}", flush=True)
        finish(options, broken)
        one, two = losses(whole), losses(broken)
        weights = [open_set(run / "set").fingerprint for run in (whole, broken)]
    apart = [abs(a[2] - b[2]) for a, b in zip(one, two, strict=False)]
    same = one == two and weights[0] == weights[1]
    print(
        f"loss after {options.steps} steps: {one[-1][2]:.6f} undisturbed, {two[-1][2]:.6f} killed "
        f"{options.kills} times; {len(one)} and {len(two)} losses, at most {max(apart):.2e} apart; "
        f"weights {'the same' if weights[0] == weights[1] else 'differ'}"
    )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
