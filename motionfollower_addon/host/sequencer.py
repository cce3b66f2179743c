"""Strips in and out of the Video Sequencer; nothing else of the scene changes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from mf_backend.clip.image_folder import scan
from mf_backend.errors import InputError, MFError
from mf_backend.jobs.folder import JobFolder
from mf_backend.jobs.request import Alignment, ClipKind, JobRequest, Reference

from .. import ids
from ..core.origin import Origin
from ..core.retiming import Policy
from . import compat
from .clip import is_footage, real_path

_CHANNELS = 128
_ENGINES = {"preview": "Preview", "motionfollower": "MotionFollower"}
_RETIMED = {
    Policy.HOLD: "last pose held",
    Policy.LOOP: "motion looped",
    Policy.STRETCH: "motion stretched",
}
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


def takes_beside(scene: Any, strip: Any) -> list[Any]:
    """Other takes that are visible at the same time as `strip`."""
    return [
        item
        for item in takes(scene)
        if item != strip
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


def add_reference(
    scene: Any, reference: Reference, origin: Origin, warnings: list[tuple[str, str]]
) -> Any:
    """Add the footage to the Sequencer, its sound below it, from the scene's first frame.

    Sound that this Blender cannot play is left out with a warning.
    """
    editor = compat.editor(scene)
    path = Path(reference.path)
    start = scene.frame_start
    with keep_scene_settings(scene):
        if reference.kind is ClipKind.IMAGES:
            files = [file.name for file in scan(path).files]
            return add_images(editor, path.name, path, files, 1, start)
        # The length is known only once the strip is there: it starts in an empty channel.
        bottom = _empty_channel(editor)
        picture = compat.strips(editor).new_movie(
            name=path.name,
            filepath=stored_path(path),
            channel=bottom + 1,
            frame_start=start,
            fit_method="ORIGINAL",
        )
        if origin.has_audio:
            try:
                compat.strips(editor).new_sound(
                    name=path.stem + " sound",
                    filepath=stored_path(path),
                    channel=bottom,
                    frame_start=start,
                )
            except RuntimeError as error:
                reason = str(error).removeprefix("Error: ").strip()
                warnings.append(
                    ("sound-left-out", f"The clip's sound could not be added: {reason}.")
                )
    return picture


def _empty_channel(editor: Any) -> int:
    """The lowest channel with nothing in it or above it."""
    return max((item.channel for item in compat.strips(editor)), default=0) + 1


def add_images(
    owner: Any, name: str, folder: Path, files: list[str], channel: int, start: int
) -> Any:
    """An image strip of `files`, one a scene frame, in the first free channel from `channel`."""
    channel = free_channel(owner, channel - 1, start, start + len(files))
    # Blender reads the first picture whole only to learn its size, which a strip at original size
    # does not need, and a large one would hold up the window: it is named afterwards.
    strip = compat.strips(owner).new_image(
        name=name,
        filepath=stored_path(folder / _NOT_READ),
        channel=channel,
        frame_start=start,
        fit_method="ORIGINAL",
    )
    strip.elements[0].filename = files[0]
    for file in files[1:]:
        strip.elements.append(file)
    return strip


def _look_like(strip: Any, reference: Any) -> None:
    """Give a strip the placing, colour space and blending of the footage under it."""
    for name in ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin"):
        setattr(strip.transform, name, getattr(reference.transform, name))
    for name in ("min_x", "max_x", "min_y", "max_y"):
        setattr(strip.crop, name, getattr(reference.crop, name))
    for name in ("use_flip_x", "use_flip_y", "blend_type", "blend_alpha", "color_saturation"):
        setattr(strip, name, getattr(reference, name))
    strip.color_multiply = reference.color_multiply
    if strip.colorspace_settings.name != reference.colorspace_settings.name:
        strip.colorspace_settings.name = reference.colorspace_settings.name


def _record(job: JobFolder, request: JobRequest) -> str:
    """The report as one line of JSON."""
    try:
        report = json.loads(job.report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise MFError(
            "report-missing", f"The job in {job.path} has no readable report.", "Run it again."
        ) from None
    return json.dumps({"job": request.id, "folder": str(job.path), "report": report})


def describe(request: JobRequest, origin: Origin) -> str:
    """The settings that made a take, in one line."""
    settings = request.settings
    words = [_ENGINES.get(settings.engine, settings.engine)]
    if settings.engine != "preview":
        words += [str(settings.quality), f"seed {settings.seed}"]
    fitted = settings.alignment is Alignment.FIT
    words.append("fitted to the actor" if fitted else "as the camera films it")
    words.append(f"{request.reference.count} frames")
    if origin.retime and origin.retime != Policy.TRIM:
        words.append(_RETIMED.get(origin.retime, origin.retime))
    return ", ".join(words)


def place_take(
    scene: Any,
    job: JobFolder,
    request: JobRequest,
    origin: Origin,
    warnings: list[tuple[str, str]],
) -> Any:
    """Put a finished job over its footage as the visible take, and return its strip.

    Same start and length as the footage it was made from, one free channel up. The footage comes
    in first where no strip shows it. A job that is there already is not added twice. What a person
    should know is added to `warnings`.
    """
    there = find_take(scene, request.id)
    if there is not None:
        return there
    record = _record(job, request)
    count = len(list(job.frames.glob("[0-9]*.png")))
    if not count:
        raise InputError("frames-missing", f"There are no finished frames in {job.frames}.")
    editor = compat.editor(scene)
    reference = find_reference(scene, request.reference, origin)
    if reference is None and not origin.strip:
        reference = add_reference(scene, request.reference, origin, warnings)
    owner, start, above = editor, origin.start, origin.channel
    if reference is not None:
        owner, above = owner_of(editor, reference), reference.channel
        skipped = request.reference.first / origin.rate - compat.content_trim(reference)
        start = round(compat.content_start(reference) + skipped)
    shown = max(1, round(count / origin.rate))
    files = [
        job.frame(min(count - 1, math.floor(index * origin.rate + 1e-6))).name
        for index in range(shown)
    ]
    with keep_scene_settings(scene):
        strip = add_images(
            owner, origin.title or "MotionFollower", job.frames, files, above + 1, start
        )
        if reference is not None:
            _look_like(strip, reference)
            for effect in compat.effects_on(editor, reference):
                words = f"The effect {effect.name} works on the footage only. "
                hint = "Choose the take as its input to have it there too."
                warnings.append(("effect-on-footage", words + hint))
    strip[ids.STRIP_JOB] = request.id
    strip[ids.STRIP_PROPERTY] = record
    strip[ids.STRIP_SUMMARY] = describe(request, origin)
    show_only(scene, strip)
    return strip
