"""Strips in and out of the Video Sequencer; nothing else of the scene changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import Reference

from ... import ids
from ...core.job.provenance import Origin
from .. import compat
from ..footage.source import is_footage
from ..paths import real_path

_CHANNELS = 128
_NOT_READ = "no picture"
_KEPT = (
    ("render", ("fps", "fps_base", "resolution_x", "resolution_y", "resolution_percentage")),
    ("view_settings", ("view_transform", "look", "exposure", "gamma")),
    ("display_settings", ("display_device",)),
    ("sequencer_colorspace_settings", ("name",)),
)


@contextmanager
def keep_scene_settings(scene: Any) -> Iterator[None]:
    """Put back rate, size and colour settings, which adding a movie may change."""
    before = [
        (getattr(scene, part), name, getattr(getattr(scene, part), name))
        for part, names in _KEPT
        for name in names
    ]
    try:
        yield
    finally:
        for part, name, value in before:
            if getattr(part, name) != value:
                setattr(part, name, value)


def stored_path(path: Path) -> str:
    """A path as strips keep it: relative to the .blend where the user prefers that."""
    if bpy.data.filepath and bpy.context.preferences.filepaths.use_relative_paths:
        try:
            return str(bpy.path.relpath(str(path)))
        except ValueError:  # another drive
            return str(path)
    return str(path)


def owner_of(editor: Any, strip: Any) -> Any:
    """What holds a strip: the sequence editor, or the meta strip it is in."""
    for meta in compat.all_strips(editor):
        if meta.type == "META" and any(item == strip for item in compat.strips(meta)):
            return meta
    return editor


def free_channel(owner: Any, above: int, start: int, stop: int) -> int:
    """The lowest channel over `above` that is free from frame `start` up to `stop`."""
    taken = {
        item.channel
        for item in compat.strips(owner)
        if compat.start(item) < stop and compat.end(item) > start
    }
    for channel in range(above + 1, _CHANNELS + 1):
        if channel not in taken:
            return channel
    raise MFError(
        "channels-full",
        f"No channel is free above {above} from frame {start} to {stop}.",
        "Make room in the Sequencer, then bring the result in again.",
    )


def find_take(scene: Any, job_id: str) -> Any:
    """The result strip of a job, or None."""
    if scene.sequence_editor is None:
        return None
    for strip in compat.all_strips(scene.sequence_editor):
        if strip.get(ids.STRIP_JOB) == job_id:
            return strip
    return None


def has_takes(scene: Any) -> bool:
    """Whether a scene has a result strip: asked for every button of every take."""
    if scene is None or scene.sequence_editor is None:
        return False
    strips = compat.all_strips(scene.sequence_editor)
    return any(item.get(ids.STRIP_JOB) is not None for item in strips)


def takes(scene: Any) -> list[Any]:
    """All result strips of a scene, by their start and channel."""
    if scene is None or scene.sequence_editor is None:
        return []
    found = [
        item
        for item in compat.all_strips(scene.sequence_editor)
        if item.get(ids.STRIP_JOB) is not None
    ]
    return sorted(found, key=lambda item: (compat.start(item), item.channel))


def jobs_of_takes(scene: Any) -> set[str]:
    """Ids of the jobs whose results are in a scene."""
    return {str(strip.get(ids.STRIP_JOB)) for strip in takes(scene)}


def _footage_of(strip: Any) -> str:
    """What tells the footage of a take from others': its clip's hash, else path; empty: unknown."""
    try:
        clip = json.loads(strip[ids.STRIP_PROPERTY])["report"]["reference"]
        return str(clip.get("sha256") or clip.get("path") or "")
    except (KeyError, ValueError, TypeError, AttributeError):
        return ""


def takes_beside(scene: Any, strip: Any) -> list[Any]:
    """Other takes of the same footage that are visible at the same time as `strip`."""
    footage = _footage_of(strip)
    return [
        item
        for item in takes(scene)
        if item != strip
        and _footage_of(item) in ("", footage or _footage_of(item))
        and compat.start(item) < compat.end(strip)
        and compat.end(item) > compat.start(strip)
    ]


def show_only(scene: Any, strip: Any) -> None:
    """Make one take visible and mute the others over the same footage."""
    for other in takes_beside(scene, strip):
        other.mute = True
    strip.mute = False


def find_reference(scene: Any, reference: Reference, origin: Origin) -> Any:
    """The strip that shows a job's footage: by its name, else by its file; None if it is gone."""
    if scene.sequence_editor is None:
        return None
    wanted = Path(reference.path)
    same_file = None
    for strip in compat.all_strips(scene.sequence_editor):
        if not is_footage(strip):
            continue
        text = strip.filepath if strip.type == "MOVIE" else strip.directory
        if real_path(text) != wanted:
            continue
        if strip.name == origin.strip:
            return strip
        same_file = same_file or strip
    return same_file


def add_movie(editor: Any, path: Path, channel: int, start: int) -> Any:
    """A movie's pictures as a strip; the caller keeps the scene's settings."""
    return compat.strips(editor).new_movie(
        name=path.name,
        filepath=stored_path(path),
        channel=channel,
        frame_start=start,
        fit_method="ORIGINAL",
    )


def fill_frame(scene: Any, strip: Any, size: tuple[int, int]) -> None:
    """Scale a strip whose pictures have that size until it fills the frame, nothing cut off."""
    if not all(size):
        return
    frame = (scene.render.resolution_x, scene.render.resolution_y)
    scale = min(frame[0] / size[0], frame[1] / size[1])
    strip.transform.scale_x = strip.transform.scale_y = scale


def add_sound(editor: Any, path: Path, channel: int, start: int) -> tuple[Any, str]:
    """A movie's sound as a strip, or None and the reason why this Blender cannot play it."""
    try:
        sound = compat.strips(editor).new_sound(
            name=path.stem + " sound",
            filepath=stored_path(path),
            channel=channel,
            frame_start=start,
        )
    except RuntimeError as error:
        return None, str(error).removeprefix("Error: ").strip()
    return sound, ""


def empty_channel(editor: Any) -> int:
    """The lowest channel with nothing in it or above it."""
    return max((item.channel for item in compat.strips(editor)), default=0) + 1


def begin_images(owner: Any, name: str, folder: Path, file: str, channel: int, start: int) -> Any:
    """An image strip of one picture, one scene frame long, to which others are appended."""
    # Blender reads the first picture whole only to learn its size, which a strip at original size
    # does not need, and a large one would hold up the window: it is named afterwards.
    strip = compat.strips(owner).new_image(
        name=name,
        filepath=stored_path(folder / _NOT_READ),
        channel=channel,
        frame_start=start,
        fit_method="ORIGINAL",
    )
    strip.elements[0].filename = file
    return strip


def add_images(
    scene: Any, owner: Any, name: str, folder: Path, files: list[str], channel: int, start: int
) -> Any:
    """An image strip of `files`, one a scene frame, in the first free channel from `channel`."""
    channel = free_channel(owner, channel - 1, start, start + len(files))
    strip = begin_images(owner, name, folder, files[0], channel, start)
    for file in files[1:]:
        strip.elements.append(file)
    compat.reset_sizes(scene, strip)
    return strip


def look_like(strip: Any, reference: Any) -> None:
    """Give a strip the placing, colour space and blending of the footage under it."""
    for name in ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin"):
        setattr(strip.transform, name, getattr(reference.transform, name))
    for name in ("min_x", "max_x", "min_y", "max_y"):
        setattr(strip.crop, name, getattr(reference.crop, name))
    for name in ("use_flip_x", "use_flip_y", "blend_type", "blend_alpha", "color_saturation"):
        setattr(strip, name, getattr(reference, name))
    strip.color_multiply = reference.color_multiply
    compat.same_colorspace(strip, reference)
