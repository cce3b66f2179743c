"""The actor's matte in the Sequencer: a muted strip over the footage, for whoever composites."""

from __future__ import annotations

from typing import Any

import bpy

from mf_backend.contracts.errors import InputError

from .... import ids
from ... import compat
from ...footage.source import find_strip, resolve
from ...panel_shot import to_shot
from ...take import strips
from . import stored


def add(scene: Any, actor: stored.StoredActor) -> Any:
    """Put the matte of the frames that the footage shows over it, muted; returns the strip.

    One that was added before goes first. Raises InputError where it cannot lie over the footage.
    """
    sequencer = compat.sequencer_scene(bpy.context) or scene
    footage = resolve(sequencer, to_shot(scene))
    if not footage.strip:
        raise InputError(
            "matte-without-strip",
            "The footage is a file that is not in the Sequencer, so a matte cannot lie over it.",
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
    for item in list(compat.strips(owner)):
        if item.get(ids.STRIP_MATTE) == reference.name:
            compat.strips(owner).remove(item)
    folder = actor.folder.picture("alpha", 0).parent
    files = [actor.folder.picture("alpha", frame).name for frame in frames]
    start = footage.start + frames[0] - first
    channel = reference.channel + 1
    with strips.keep_scene_settings(sequencer):
        strip = strips.add_images(
            sequencer, owner, f"{actor.clip.stem} matte", folder, files, channel, start
        )
    for name in ("offset_x", "offset_y", "scale_x", "scale_y", "rotation"):
        setattr(strip.transform, name, getattr(reference.transform, name))
    strip[ids.STRIP_MATTE] = reference.name
    strip.mute = True
    return strip
