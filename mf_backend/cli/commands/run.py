"""`run JOB`: do a job folder's work without Blender."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from threading import Event
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.interrupt import stop_gently
from mf_backend.cli.options import add_checked, add_path
from mf_backend.cli.output import print_json
from mf_backend.cli.progress import ProgressPrinter, ProgressStyle
from mf_backend.contracts.checks.build import rule_of
from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.failures import describe
from mf_backend.contracts.request import PlateFit, Settings
from mf_backend.jobs.disk.folder import FrameRange
from mf_backend.jobs.options import JobResult, RunOptions
from mf_backend.jobs.part import run_frames
from mf_backend.jobs.path_mapping import PathMapping, read_mapping
from mf_backend.jobs.runner import run_job
from mf_backend.jobs.stages.costs import stage_names
from mf_backend.jobs.stages.names import RENDER, REPORT

_MOST_FRAMES = 999_999_999


@dataclass(frozen=True)
class FramesRule:
    """Some frames in a row: "7" or "7-12"."""

    @property
    def words(self) -> str:
        """See Rule."""
        return "one frame or a range of them, counted from 1 (7 or 7-12)"

    def read(self, value: Any, field: Field) -> FrameRange:
        """See Rule."""
        match = re.fullmatch(r"0*(\d{1,9})(?:-0*(\d{1,9}))?", str(value), re.ASCII)
        if match is None:
            raise field.refuse(self.words, value)
        first = int(match[1])
        last = int(match[2] or first)
        if not 1 <= first <= last <= _MOST_FRAMES:
            raise field.refuse(self.words, value)
        return FrameRange(first, last)

    def parse(self, text: str, field: Field) -> FrameRange:
        """See Rule."""
        return self.read(text, field)


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser("run", help=COMMANDS["run"], description=run.__doc__)
    add_path(parser, "job", metavar="JOB", help="job folder (holds job.json)")
    parser.add_argument(
        "--until",
        metavar="STAGE",
        choices=stage_names(),
        default=REPORT,
        help=f"end after this stage ({', '.join(stage_names())}); a later run goes on from there",
    )
    add_checked(
        parser,
        "--frames",
        FramesRule(),
        metavar="A-B",
        help="make only these frames, counted from 1, while other hosts make others in the same "
        "folder (preview engine); when all are there, a run without this encodes them",
    )
    add_path(
        parser,
        "--path-mapping",
        metavar="FILE",
        help="JSON that says where this machine has the paths that job.json names: a list of "
        '{"source", "destination"}, or OpenJD\'s rules',
    )
    parser.add_argument(
        "--progress",
        type=ProgressStyle,
        choices=list(ProgressStyle),
        default=ProgressStyle.PLAIN,
        help="lines for a person on stderr (plain), or on stdout for OpenJD (openjd) or any "
        "program (json: one object a line)",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile the diffusion engine's layers first, also where job.json does not ask for it",
    )
    add_checked(
        parser,
        "--start-strength",
        rule_of(Settings, "start_strength"),
        default=None,
        metavar="N",
        help="how much noise the diffusion engine puts on the preview's pictures, from which it "
        "starts, whatever job.json says: 1 starts from noise alone, 0 takes what suits the weights",
    )
    add_path(
        parser,
        "--plate",
        metavar="PATH",
        help="a picture or clip of your own that shows what is behind the actor, whatever job.json "
        "says",
    )
    parser.add_argument(
        "--plate-fit",
        type=PlateFit,
        choices=list(PlateFit),
        help="let that plate follow the camera from the first frame on, or take it as it is",
    )
    add_path(
        parser,
        "--adapter",
        metavar="FILE",
        help="what the diffusion engine learnt of this clip (train --tune), instead of job.json's",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as one JSON object on stdout"
    )


def run(args: argparse.Namespace) -> int:
    """Do the work of a job folder. Finished stages are kept, so that the same command goes on
    after it was interrupted. Ctrl-C stops at the next step; a second one stops at once."""
    if args.json and args.progress is not ProgressStyle.PLAIN:
        raise InputError(
            "usage",
            f"--json and --progress {args.progress} both want the standard output.",
            "Leave one of them out; --progress json ends with the result, too.",
        )
    cancelled = Event()
    printer = ProgressPrinter(args.progress)
    stop_gently(cancelled, printer.say)
    with printer:
        try:
            result = _do(args, printer, cancelled)
        except BaseException as error:
            printer.failed(describe(error))
            raise
    told = _told(result)
    printer.done(told)
    if args.json:
        print_json(told)
    elif args.progress is ProgressStyle.PLAIN:
        print(_sentence(result))
    return 0


def _do(args: argparse.Namespace, printer: ProgressPrinter, cancelled: Event) -> JobResult:
    if args.frames is None:
        return run_job(args.job, printer, cancelled, printer.start, _options(args))
    if args.until not in (REPORT, RENDER):
        raise InputError(
            "usage", "--frames and --until name different stages.", "Leave one of them out."
        )
    return run_frames(args.job, args.frames, printer, cancelled, printer.start, _options(args))


def _options(args: argparse.Namespace) -> RunOptions:
    mapping = read_mapping(args.path_mapping) if args.path_mapping else PathMapping()
    changes: dict[str, Any] = {"compile": True} if args.compile else {}
    if args.start_strength is not None:
        changes["start_strength"] = args.start_strength
    if args.adapter is not None:
        changes["adapter"] = str(args.adapter.absolute())
    if args.plate is not None:
        changes["plate"] = str(args.plate.absolute())
    if args.plate_fit is not None:
        changes["plate_fit"] = args.plate_fit
    return RunOptions(changes, args.until, mapping)


def _told(result: JobResult) -> dict[str, Any]:
    """The result as JSON values."""
    if result.part is not None:
        made = {"first": result.part.first, "last": result.part.last}
        return {"id": result.id, "frames": str(result.frames), **made, "count": result.count}
    if not result.finished:
        return {"id": result.id, "until": result.reached, "count": result.count}
    return {
        "id": result.id,
        "frames": str(result.frames),
        "mp4": str(result.mp4),
        "report": str(result.report),
        "count": result.count,
    }


def _sentence(result: JobResult) -> str:
    if result.part is not None:
        return f"Done: frames {result.part} in {result.frames}"
    if not result.finished:
        return f"Done as far as {result.reached}; run it again to go on."
    return f"Done: {result.count} frames in {result.frames}, {result.mp4}"
