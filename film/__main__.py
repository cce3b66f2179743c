"""python -m film --to FOLDER: films people by number, to learn from."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.failures import describe


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m film", description=__doc__)
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="of the shots")
    splits = ("train", "validation", "held-out")
    parser.add_argument("--split", choices=splits, default="train", help="what they are for")
    parser.add_argument(
        "--figure", choices=("anyone", "demo"), default="anyone",
        help="who is filmed; the demo's figure only in other sets and moves than the demo's",
    )  # fmt: skip
    parser.add_argument(
        "--bvh", type=Path, nargs="+", default=[], metavar="FILE",
        help="take some of the motion from these files of motion capture",
    )  # fmt: skip
    for name, default, text in (
        ("first", 0, "first number"),
        ("shots", 10, "how many numbers; those that are there already are left alone"),
        ("side", 128, "pixels of a picture's side"),
        ("frames", 12, "of each of a shot's two takes"),
        ("samples", 4, "of each pixel"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=text)
    return parser


def main(arguments: list[str]) -> int:
    """Film what is asked for; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _film(options)
    except (MFError, OSError) as error:
        told = describe(error, "filming")
        print(f"film: {told}", file=sys.stderr)
        return int(told.exit_code)
    return 0


def _film(options: argparse.Namespace) -> None:
    if not (options.frames > 0 and options.samples > 0 and 32 <= options.side <= 2048):
        raise InputError(
            "film-order",
            "Frames and samples must be 1 or more, and sides 32 to 2048 pixels.",
            "Correct the options.",
        )
    # Blender is loaded only where something is filmed.
    from film.library.filming import Order, film_number
    from film.library.numbered import Figure, Series, Split, numbered
    from film.motion.captured import captured
    from film.quiet import printed_to

    # What cannot be read or filmed is told before anything is.
    for file in options.bvh:
        captured(str(file))
    files = tuple(str(file) for file in options.bvh)
    order = Order(
        Series(Split(options.split), Figure(options.figure), files), options.first, options.shots,
        options.side, options.frames, options.samples,
    )  # fmt: skip
    numbered(order.series, order.first, order.side, order.frames)
    options.to.mkdir(parents=True, exist_ok=True)
    for number in range(order.first, order.first + order.count):
        started = time.monotonic()
        with printed_to(options.to / f"blender-{order.series.name}-{options.first}.log"):
            made = film_number(order, number, options.to)
        told = f"{time.monotonic() - started:.1f} s" if made else "there already"
        print(f"{order.series.name} {number}: {told}", flush=True)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender's Python module crashes in its own clean-up at exit.
    os._exit(code)
