"""The options that say which shots are meant, over the settings saved in the file."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import bpy

from mf_backend.contracts.errors import InputError

from .. import ids
from ..core.job.shot import Shot, make_shot, read_shots
from ..core.rig.retiming import Policy
from ..host.options import jobs_roots
from ..host.panel_shot import to_shot
from .base import add_json


def add_shot_options(parser: argparse.ArgumentParser) -> None:
    """Which clip, rig and motion; what is not given comes from the panel settings in FILE."""
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
    add_json(parser)


_NOT_VALUES = frozenset(
    {"command", "actions", "shots", "json", "save", "takes", "pack", "tuning_steps"}
    | {"openjd", "farm_blender", "farm_python"}
)
_PATHS = frozenset(
    {"clip", "output", "mp4", "weights"}
    | {"source_masks", "source_poses", "source_joints", "target_masks", "plate", "adapter"}
)


def shots_of(arguments: argparse.Namespace) -> list[Shot]:
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
