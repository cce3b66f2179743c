"""`jobs DIR`: how the jobs below a folder stand."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.log_lines import visible
from mf_backend.cli.options import add_path

_LOOK_SECONDS = 2.0


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser("jobs", help=COMMANDS["jobs"], description=run.__doc__)
    add_path(parser, "folder", metavar="DIR", help="folder below which jobs are looked for")
    parser.add_argument(
        "--watch", action="store_true", help="look again and again, and print what changed"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object (one a line with --watch)"
    )
    add_path(
        parser,
        "--html",
        metavar="FILE",
        help="write one page with small pictures of every take, its figures and its report",
    )


def run(args: argparse.Namespace) -> int:
    """List the jobs below a folder: how far they are, who works on them, what failed and why.
    What deserves a look comes first. Nothing in the job folders is changed."""
    ended = threading.Event()
    if args.watch:

        def stop(number: int, frame: FrameType | None) -> None:
            ended.set()

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
    before = ""
    while True:
        found, now = _look(args.folder, args.json)
        if now != before:
            before = now
            if args.html:
                _write(args.html, args.folder, found)
            print(now, flush=True)
        if not args.watch or ended.wait(_LOOK_SECONDS):
            return 0


def _look(folder: Path, as_json: bool) -> tuple[list[Any], str]:
    from mf_backend.overview.listing import list_jobs
    from mf_backend.overview.words import lines, summary

    jobs = list_jobs(folder)
    if as_json:
        value = {"folder": str(folder.absolute()), "jobs": [job.plain() for job in jobs]}
        return jobs, json.dumps(value, ensure_ascii=False)
    told = [visible(line) for job in jobs for line in lines(job)]
    return jobs, "\n".join([*told, summary(jobs)])


def _write(path: Path, folder: Path, jobs: list[Any]) -> None:
    from mf_backend.overview.page import write_page

    write_page(path.absolute(), folder.absolute(), jobs)
