"""A batch as a studio has it: six takes of two actions over two clips, and the hosts' programs."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import bpy

from tests.addon.scenes import SIZE, add_action, add_footage
from tests.backend.tiny_job import REPOSITORY, backend_environment, write_clip

FRAMES = 6


@dataclass(frozen=True)
class Hosts:
    """What starts Blender and the backend's Python, as scripts that farm engines can call."""

    blender: Path
    python: Path


def write_program(path: Path, *command: str | Path) -> Path:
    """A program that runs a command with its own arguments after it."""
    words = " ".join(shlex.quote(str(word)) for word in command)
    path.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def make_hosts(folder: Path) -> Hosts:
    """The two programs in a folder."""
    stand_in = REPOSITORY / "tests/addon/wheel_blender.py"
    # The wheel of this very Blender, which need not be the one in .venv: bpy is in its package in
    # VERSION/scripts/modules/bpy.
    wheel = Path(bpy.__file__).parents[5]
    assert (wheel / "bpy").is_dir()
    path = f"PYTHONPATH={wheel}{os.pathsep}{REPOSITORY}"
    return Hosts(
        write_program(folder / "blender", "env", path, sys.executable, stand_in),
        write_program(folder / "python", sys.executable),
    )


def host_environment() -> dict[str, str]:
    """What a farm's host gives its processes."""
    return {
        **backend_environment(),
        "MOTIONFOLLOWER_BACKEND_PYTHON": sys.executable,
        "PATH": os.environ["PATH"],
    }


def make_batch(folder: Path, longer: int = FRAMES) -> Path:
    """Fill the open scene of `make_scene` up to six takes and save it; returns their list.

    The clip of takes 3 and 4 has `longer` frames.
    """
    scene = bpy.context.scene
    add_action(bpy.data.objects["Rig"], "Second", FRAMES, lift=0.5)
    other = folder / "footage ü"
    write_clip(other, longer, SIZE)
    add_footage(scene, other / "clip", start=40, channel=2).name = "other"
    bpy.ops.wm.save_mainfile()
    of_other = {
        "strip": "other",
        "retime": "loop",
        "source_masks": str(other / "masks"),
        "source_joints": str(other / "joints.npz"),
    }
    shots = [
        {"name": f"{action} {seed}", "action": action, "seed": seed, **clip}
        for seed, clip in ((1, {"strip": "footage"}), (2, of_other), (3, {"strip": "footage"}))
        for action in ("Wäve", "Second")
    ]
    path = folder / "shots.json"
    path.write_text(json.dumps(shots), encoding="utf-8")
    return path


def frames_of(job: Path) -> dict[str, bytes]:
    """Every finished frame of a job folder."""
    return {path.name: path.read_bytes() for path in sorted((job / "outputs/frames").glob("*.png"))}


def count_takes(file: Path) -> int:
    """Takes in the Sequencer of a saved file."""
    from tests.addon.scenes import every_strip

    bpy.ops.wm.open_mainfile(filepath=str(file))
    return sum("motionfollower_job" in strip for strip in every_strip(bpy.context.scene))
