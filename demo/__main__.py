"""`python dev.py demo`: the whole job on a small scene, from nothing to a file that plays it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("preview", "motionfollower", "sample")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="dev.py demo",
        description="Films somebody (or takes your clip), lets the add-on re-perform the "
        "footage with another motion, and measures the result.",
    )
    parser.add_argument("--clip", type=Path, help="a video, or a folder of numbered pictures")
    parser.add_argument("--fps", type=float, default=0.0, help="rate of a folder of pictures")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "out" / "demo", help="default: out/demo"
    )
    parser.add_argument(
        "--frames", type=int, default=24, help="length of the footage that is filmed (default 24)"
    )
    parser.add_argument(
        "--hand-over",
        action="store_true",
        help="give the job the filmed actor's own joints and masks instead of estimating them",
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="what paints (default preview); motionfollower takes the weights that come with the "
        "package where no others are imported",
    )
    options = parser.parse_args(arguments)
    if options.hand_over and options.clip:
        parser.error("--hand-over is for the demo's own footage, not for --clip.")
    if options.frames < 2:
        parser.error("--frames must be at least 2.")
    if options.fps < 0:
        parser.error("--fps must not be negative.")
    return options


def main() -> int:
    """Run the demo; returns the exit code."""
    started = time.monotonic()
    options = parse(sys.argv[1:])
    from mf_backend.contracts.errors import MFError

    try:
        from demo.flow import Wish, run

        wish = Wish(options.clip, options.fps, options.frames, options.hand_over, options.engine)
        passed = run(wish, options.output)
    except MFError as error:
        print(f"The demo stopped: {error}", file=sys.stderr, flush=True)
        return int(error.exit_code)
    print(f"All of it took {time.monotonic() - started:.0f} s.", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender's Python module crashes in its own clean-up at exit.
    os._exit(code)
