"""`doctor`: says in plain words what this machine has, lacks and could run."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.options import add_path
from mf_backend.cli.output import print_json
from mf_backend.contracts.errors import ExitCode
from mf_backend.doctor.examine import GIGABYTE, examine


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser("doctor", help=COMMANDS["doctor"], description=run.__doc__)
    add_path(
        parser,
        "--folder",
        metavar="DIR",
        default=Path(),
        help="where job folders would lie, to look at its free space (default: here)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="do not load each library (a few seconds faster)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def _size(value: int | None) -> str:
    return "unknown" if value is None else f"{value / GIGABYTE:.1f} GiB"


def _yes(present: bool) -> str:
    return "yes" if present else "no "


def tell(found: dict[str, Any]) -> Iterator[str]:
    """The findings as lines for a person."""
    machine, memory = found["machine"], found["memory"]
    yield f"MotionFollower backend {found['backend']}"
    yield f"  Python {found['python']['version']} ({found['python']['path']})"
    yield f"  {machine['system']}, {machine['processor']}, {machine['cores']} cores"
    yield f"  memory {_size(memory['total_bytes'])}, free {_size(memory['free_bytes'])}"
    for disk in found["disk"]:
        yield f"  disk at {disk['path']}: free {_size(disk['free_bytes'])}"
    yield "Devices"
    for device in found["devices"]:
        free, total = _size(device["free_bytes"]), _size(device["total_bytes"])
        yield f"  {device['id']}: {device['name']}, {total}, free {free}"
    if len(found["devices"]) == 1:
        yield "  No graphics card that PyTorch can use was found; everything runs on the processor."
    yield "Libraries"
    for library in found["libraries"]:
        version = library["installed"] or "-"
        wanted = f" (wanted {library['wanted']})" if library["wanted"] else ""
        yield f"  {library['state']:<14}{library['name']} {version}{wanted}, {library['purpose']}"
    if not found["libraries"]:
        yield "  unknown: the backend is not installed as a package, so it does not know its list."
    yield "Clips (no ffmpeg program is needed)"
    for item in found["clips"]:
        yield f"  {_yes(item['present'])} {item['what']}"
    yield "Models"
    for item in found["models"]:
        yield f"  {_yes(item['present'])} {item['what']}"
    for what, folder in found["folders"].items():
        yield f"  folder for {what}: {folder}"
    for title, kind in (
        ("Engines", "engines"),
        ("Joint estimators (the first that can run is taken)", "joint_estimators"),
        ("Mask estimators", "mask_estimators"),
    ):
        yield title
        for item in found[kind]:
            can = "lacks:" if item["missing"] else "can run here"
            yield f"  {_yes(not item['missing'])} {item['name']} ({item['label']}) {can}"
            for lack in item["missing"]:
                yield f"        {lack['what']}. {lack['how']}"
    yield "What could run where"
    for sentence in found["could_run"]:
        yield f"  {sentence}"
    if found["problems"]:
        yield "What to mend"
        for problem in found["problems"]:
            yield f"  {problem}"
    else:
        yield "Nothing to mend."
    if found["optional"]:
        yield "Not needed, but could be added"
        for extra in found["optional"]:
            yield f"  {extra}"


def run(args: argparse.Namespace) -> int:
    """Say what this machine has, lacks and could run. Ends with 0 if an engine can run, else 3."""
    found = examine(args.folder, load=not args.quick)
    if args.json:
        print_json(found)
    else:
        print("\n".join(tell(found)))
    able = any(not engine["missing"] for engine in found["engines"])
    return int(ExitCode.DONE if able else ExitCode.MISSING)
