"""`analyse CLIP`: find the actor of a clip once, for every take of it."""

from __future__ import annotations

import argparse
import time
from threading import Event
from typing import TYPE_CHECKING, Any

from mf_backend.cli.actor_options import add_actor_options, add_range_options, clicks_of
from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.interrupt import stop_gently
from mf_backend.cli.layer_options import add_layer_options, changes_of
from mf_backend.cli.options import add_path
from mf_backend.cli.output import print_json
from mf_backend.cli.progress import ProgressPrinter, ProgressStyle
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.failures import describe
from mf_backend.contracts.request import Settings

if TYPE_CHECKING:
    from mf_backend.jobs.analysis.run import AnalysisResult


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser("analyse", help=COMMANDS["analyse"], description=run.__doc__)
    add_path(parser, "clip", metavar="CLIP", help="video or folder of images")
    add_path(
        parser,
        "--out",
        required=True,
        metavar="DIR",
        help="folder of actors; each gets a folder of its own in it",
    )
    add_actor_options(parser)
    add_range_options(parser)
    add_layer_options(parser)
    parser.add_argument(
        "--progress",
        type=ProgressStyle,
        choices=[ProgressStyle.PLAIN, ProgressStyle.JSON],
        default=ProgressStyle.PLAIN,
        help="lines for a person on stderr (plain), or one object a line on stdout (json)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as one JSON object on stdout"
    )


def run(args: argparse.Namespace) -> int:
    """Find the actor's joints and masks in a clip and keep them in a folder of actors. What is
    there is not made again, a longer range adds what is missing, and what was interrupted goes on.
    Ctrl-C stops at the next step; a second one stops at once."""
    from mf_backend.clip import reference_for
    from mf_backend.jobs.analysis.run import ActorOrder, analyse_clip

    if args.json and args.progress is not ProgressStyle.PLAIN:
        raise InputError(
            "usage",
            f"--json and --progress {args.progress} both want the standard output.",
            "Leave one of them out; --progress json ends with the result, too.",
        )
    settings = Settings(
        person=args.person,
        clicks=clicks_of(args),
        mask_estimator=args.mask_estimator,
        widen_mask=args.widen_mask,
    )
    reference = reference_for(args.clip, args.first, args.count, args.fps)
    cancelled = Event()
    printer = ProgressPrinter(args.progress)
    stop_gently(cancelled, printer.say)
    began = time.monotonic()
    with printer:
        try:
            root = args.out.absolute()
            order = ActorOrder(reference, settings, root, printer, cancelled, printer.start)
            result = analyse_clip(order, changes_of(args))
        except BaseException as error:
            printer.failed(describe(error))
            raise
    told = result.plain() | {"seconds": round(time.monotonic() - began, 2)}
    printer.done(told)
    if args.json:
        print_json(told)
    elif args.progress is ProgressStyle.PLAIN:
        print("\n".join(_lines(result)))
    return 0


def _lines(result: AnalysisResult) -> list[str]:
    from mf_backend.clip.image_folder import list_numbers

    frames = f"frames {result.first} to {result.last}"
    head = f"Analysed {frames}" if result.made else f"All of {frames} was there"
    lines = [f"{head}: {result.folder}"]
    if result.looks:
        lines.append("What deserves a look:")
    for look in result.looks:
        where = f"{look.first}" if look.first == look.last else f"{look.first}-{look.last}"
        lines.append(f"  {where}: {look.what}")
    if result.layers:
        lines.append("Masks of your own:")
    for layer in result.layers:
        frames = list_numbers(layer.frames())
        lines.append(f"  {layer.id}: {layer.role} {layer.name}, frames {frames}")
    return lines
