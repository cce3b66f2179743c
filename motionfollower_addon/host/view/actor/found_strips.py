"""What was found of the actor as muted strips over the footage: his matte, and the plate behind
him, for whoever composites."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from mf_backend.actor.plate.kept import kept_still
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_value, write_bytes

from .... import ids
from ....core.job.png import encode_png
from ... import compat
from ...footage.source import find_strip, resolve
from ...panel_shot import to_shot
from ...take import strips
from . import mended_matte, plate_image, stored

_PLATES = "plates"
"""Folder beside the folder of actors."""


def add_matte(scene: Any, actor: stored.StoredActor) -> Any:
    """Put the matte of the frames that the footage shows over it, muted; returns the strip.

    Masks that a person drew are in it. One that was added before goes first. Raises InputError
    where it cannot lie over the footage, OutputError where the disk refuses.
    """
    folder = mended_matte.folder_of(actor.folder, actor.layers, actor.frames.tolist())
    return _lay(scene, actor, "matte", folder, lambda i: actor.folder.picture("alpha", i).name)


def add_plate(scene: Any, actor: stored.StoredActor) -> Any:
    """The same with the plate that takes recovered, where the camera stands still.

    Raises InputError where there is none, and OutputError where the picture cannot be written.
    """
    picture = plate_image.recovered(actor)
    if not kept_still(actor.folder.findings):
        raise InputError(
            "plate-moves",
            "The camera moves, so the plate is one picture larger than the clip and lies over no "
            "frame of it.",
            "Press Show Plate to look at it.",
        )
    data = encode_png(np.ascontiguousarray(picture))
    name = f"{actor.folder.path.name}-{hash_value(data.hex())[:8]}.png"
    path = actor.folder.path.parent.parent / _PLATES / name
    if not path.is_file():
        write_bytes(path, data)
    return _lay(scene, actor, "plate", path.parent, lambda i: path.name)


def _lay(
    scene: Any, actor: stored.StoredActor, kind: str, folder: Path, file: Callable[[int], str]
) -> Any:
    """A muted strip with `file` of each frame of the clip that the footage shows, `kind` in words;
    one of that kind that was added before goes."""
    sequencer = compat.sequencer_scene(bpy.context) or scene
    footage = resolve(sequencer, to_shot(scene))
    if not footage.strip:
        raise InputError(
            "matte-without-strip",
            f"The footage is a file that is not in the Sequencer, so a {kind} cannot lie over it.",
            "Add the clip to the Sequencer and choose its strip in Footage.",
        )
    _, first, rate = stored.span_of(scene, actor)
    if abs(rate - 1) > 1e-6:
        raise InputError(
            "matte-rate",
            f"The footage has {float(actor.facts.fps):g} frames a second and is played at "
            "another rate, which pictures cannot follow.",
            "Give the scene the clip's frame rate.",
        )
    shown = range(first, first + footage.length)
    frames = [frame for frame in shown if actor.row(frame) is not None]
    if not frames or frames != list(range(frames[0], frames[-1] + 1)):
        raise InputError(
            "matte-missing",
            "Not all frames that the footage shows were analysed.",
            "Press Update in the Actor section first.",
        )
    reference = find_strip(sequencer, footage.strip)
    owner = strips.owner_of(sequencer.sequence_editor, reference)
    mark = _MARKS[kind]
    for item in list(compat.strips(owner)):
        if item.get(mark) == reference.name:
            compat.strips(owner).remove(item)
    files = [file(frame) for frame in frames]
    start = footage.start + frames[0] - first
    channel = reference.channel + 1
    with strips.keep_scene_settings(sequencer):
        strip = strips.add_images(
            sequencer, owner, f"{actor.clip.stem} {kind}", folder, files, channel, start
        )
    for name in ("offset_x", "offset_y", "scale_x", "scale_y", "rotation"):
        setattr(strip.transform, name, getattr(reference.transform, name))
    strip[mark] = reference.name
    strip.mute = True
    return strip


_MARKS = {"matte": ids.STRIP_MATTE, "plate": ids.STRIP_PLATE}
