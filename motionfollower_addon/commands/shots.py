"""`blender -b FILE --command motionfollower render|skeletons ...`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import bpy

from mf_backend.contracts.errors import ExitCode, InputError, MFError
from mf_backend.contracts.request import Alignment, Quality, Sampler
from mf_backend.version import VERSION

from . import ids
from .core.job.shot import Shot, make_shot, read_shots
from .core.rig.retiming import Policy
from .host.options import jobs_roots
from .host.panel_shot import to_shot
from .host.run.batch import Outcome, run_shot, save_file
from .host.run.session import current

_CODES = """
exit codes:
  0 done   2 wrong usage or input   3 weights or a component missing
  4 not enough memory   5 cancelled   6 output could not be written   1 anything else
With several shots, one that fails does not stop the others; the code is then that of the failed
ones where they agree, else 1.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"blender -b FILE --command {ids.COMMAND}",
        description="Let the actor of a clip perform the motion of a rig.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    render = commands.add_parser(
        "render",
        help="render takes and put them into the Sequencer",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _common(render)
    _render_options(render)
    skeletons = commands.add_parser(
        "skeletons",
        help="only draw the target skeletons, as pictures and joints",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _common(skeletons)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    """What is not given comes from the panel settings saved in FILE."""
    add = parser.add_argument
    add("--clip", metavar="PATH", help="video file or folder of numbered images")
    add("--strip", metavar="NAME", help="strip of the Sequencer, instead of --clip")
    add("--fps", type=float, metavar="N", help="rate of a folder of images; else the scene's")
    add("--first", type=int, metavar="N", help="frames of the clip left out at its start")
    add("--count", type=int, metavar="N", help="frames of the clip used")
    add("--scene", metavar="NAME", help="scene of the rig and of the Sequencer")
    add("--armature", metavar="NAME", help="rig whose motion is taken; else the only one")
    add("--camera", metavar="NAME", help="camera that films it; else the scene's own")
    add("--action", metavar="NAME", nargs="+", dest="actions", help="one shot for each action")
    add("--slot", metavar="NAME", help="slot of the action")
    add("--bone-map", metavar="NAME|FILE", help="bone map, instead of the one that fits best")
    add(
        "--range", type=float, nargs=2, metavar=("FIRST", "LAST"), help="scene frames of the motion"
    )
    add("--retime", choices=[str(policy) for policy in Policy], help="if lengths differ")
    add("--list", type=Path, metavar="SHOTS.json", dest="shots", help="shots, as a JSON list")
    add("--output", metavar="DIR", help="folder for the job folders; else beside FILE")
    add("--json", action="store_true", help="one JSON object on stdout and nothing else")


def _render_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--engine", metavar="NAME", help="preview or motionfollower")
    add("--alignment", choices=[str(Alignment.FIT), str(Alignment.MATCHED)])
    add(
        "--keep-limb-lengths",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="with fit: give each limb the actor's own length",
    )
    add(
        "--outline",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="let the shape of the rig's meshes say where the actor will be, too",
    )
    add("--quality", choices=[str(quality) for quality in Quality])
    add("--sampler", choices=[str(sampler) for sampler in Sampler])
    add("--seed", type=int, metavar="N", help="start of the random numbers")
    add("--steps", type=int, metavar="N", help="denoising steps; 0 takes the quality's own")
    add("--memory", choices=["auto", "6", "8", "12", "24"])
    add(
        "--compile",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="compile the diffusion engine's layers before the first step",
    )
    add("--device", metavar="NAME", help="as `python -m mf_backend doctor` names it")
    add("--weights", metavar="DIR", help="folder of the imported weights")
    add("--source-masks", metavar="DIR", help="your own masks of the actor")
    add("--source-poses", metavar="DIR", help="your own skeleton pictures of the actor")
    add("--source-joints", metavar="FILE", help="your own joints of the actor (npz)")
    add("--target-masks", metavar="DIR", help="masks of where the actor will be")
    add("--mp4", metavar="FILE", help="where a copy of the video goes (one shot only)")
    add("--save", type=Path, metavar="FILE.blend", help="save the file with the takes there")


_NOT_VALUES = frozenset({"command", "actions", "shots", "json", "save"})
_PATHS = frozenset(
    {"clip", "output", "mp4", "weights"}
    | {"source_masks", "source_poses", "source_joints", "target_masks"}
)


def _shots(arguments: argparse.Namespace) -> list[Shot]:
    """The shots that the command line means, over the settings saved in the file."""
    given = {
        name: value
        for name, value in vars(arguments).items()
        if name not in _NOT_VALUES and value is not None
    }
    for name in _PATHS & given.keys():
        # Relative to where the command was typed; "//" is Blender's "beside the .blend".
        if not given[name].startswith("//"):
            given[name] = str(Path(given[name]).absolute())
    default = to_shot(bpy.context.scene)
    if "clip" in given:
        default = dataclasses.replace(default, strip="")
    elif "strip" in given:
        default = dataclasses.replace(default, clip="")
    default = make_shot(given, "the command line", default)
    if not default.output:
        default = dataclasses.replace(default, output=_output(getattr(arguments, "save", None)))
    shots = read_shots(arguments.shots, default) if arguments.shots else [default]
    if arguments.actions:
        shots = [
            dataclasses.replace(shot, action=action, name=shot.name or action)
            for shot in shots
            for action in arguments.actions
        ]
    if len(shots) > 1 and len({shot.mp4 for shot in shots if shot.mp4}) < sum(
        bool(shot.mp4) for shot in shots
    ):
        raise InputError(
            "mp4-shared",
            "Several shots would write the same video file.",
            "Leave --mp4 out: each job folder holds its video.",
        )
    return shots


def _output(save: Path | None) -> str:
    """Where job folders go: beside the file, or beside the one that will be saved."""
    if not bpy.data.filepath and save is not None:
        return str(save.absolute().parent / ids.JOBS_FOLDER)
    return str(jobs_roots()[0])


def _result(outcome: Outcome) -> dict[str, Any]:
    value = dataclasses.asdict(outcome)
    value["exit_code"] = int(outcome.exit_code)
    return value


def _say(outcome: Outcome, number: int, total: int, out: TextIO) -> None:
    head = f"[{number}/{total}] {outcome.name}: "
    if outcome.exit_code is ExitCode.DONE:
        parts = [f"{outcome.frames} frames", outcome.mp4 or outcome.folder, outcome.statement]
        print(head + ", ".join(part for part in parts if part), file=out)
    else:
        print(f"{head}failed: {outcome.message} {outcome.hint}".rstrip(), file=out)
        if outcome.log:
            print(f"    log: {outcome.log}", file=out)
    for warning in outcome.warnings:
        print(f"    warning: {warning}", file=out)
    out.flush()


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    shots = _shots(arguments)
    save = getattr(arguments, "save", None)
    outcomes: list[Outcome] = []
    for number, shot in enumerate(shots, 1):
        outcome = run_shot(shot, arguments.command == "skeletons", sys.stderr)
        if outcome.exit_code is ExitCode.DONE and save is not None:
            # After every shot, so that what is there survives whatever comes next.
            try:
                save_file(save)
            except MFError as error:
                outcome = dataclasses.replace(
                    outcome,
                    code=error.code,
                    message=error.message,
                    hint=error.hint,
                    exit_code=error.exit_code,
                )
        outcomes.append(outcome)
        if not arguments.json:
            _say(outcome, number, len(shots), out)
    codes = {outcome.exit_code for outcome in outcomes} - {ExitCode.DONE}
    code = codes.pop() if len(codes) == 1 else ExitCode.OTHER if codes else ExitCode.DONE
    if arguments.json:
        value = {
            "exit_code": int(code),
            "shots": [_result(outcome) for outcome in outcomes],
            "saved": bpy.data.filepath if save is not None and not codes else "",
        }
        print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
    elif len(shots) > 1:
        done = sum(outcome.exit_code is ExitCode.DONE for outcome in outcomes)
        print(f"{done} of {len(shots)} shots are done.", file=out, flush=True)
    return int(code)


@contextmanager
def _own_stdout(alone: bool) -> Iterator[TextIO]:
    """Where results are written.

    With `alone` nothing else reaches stdout: Blender's own lines, some of which wait in its
    buffers until it ends, go to stderr for the rest of the process.
    """
    if not alone:
        yield sys.stdout
        return
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        yield out


def main(argv: Sequence[str]) -> int:
    """What Blender calls for `--command motionfollower`; returns the exit code."""
    try:
        arguments = _parser().parse_args(list(argv))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(ExitCode.INPUT)
    with _own_stdout(arguments.json) as out:
        try:
            return _run(arguments, out)
        except MFError as error:
            if arguments.json:
                value = {
                    "exit_code": int(error.exit_code),
                    "shots": [],
                    "code": error.code,
                    "message": error.message,
                    "hint": error.hint,
                }
                print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
            print(f"motionfollower: {error}", file=sys.stderr, flush=True)
            return int(error.exit_code)
        finally:
            current().close_backend()
