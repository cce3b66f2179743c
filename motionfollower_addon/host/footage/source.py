"""Where the footage of a shot comes from: a strip of the Sequencer, or a file or folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.clip.image_folder import scan
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.pointing import Click
from mf_backend.contracts.request import ClipKind

from ... import ids
from ...core.backend.state import ClipFacts
from ...core.job.shot import Shot
from .. import compat
from ..draw_cache import once
from ..paths import real_path
from ..rig.lookup import names_of, scene_fps
from . import choice

_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})


@dataclass(frozen=True)
class Footage:
    """Footage as Blender knows it; what it is on disk the backend finds out."""

    path: Path
    strip: str = ""
    """Name of the strip that shows it; empty for a bare path."""
    start: int = 0
    """Scene frame where it becomes visible."""
    length: int = 0
    """Scene frames it is visible; 0 for a bare path."""
    offset: int = 0
    """Scene frames of the content that lie before the visible part."""
    trim: int = 0
    """Content frames that were cut off for good before that."""
    content: int = 0
    """Scene frames of the whole content."""
    names: tuple[str, ...] = ()
    """File names of an image strip's visible frames."""
    fps: float = 0.0
    """Frames a second where the footage itself has none."""
    clicks: tuple[Click, ...] = ()
    """Who was chosen in it."""


@dataclass(frozen=True)
class Span:
    """The frames of a clip that a shot uses, and how they lie on the timeline."""

    first: int
    count: int
    rate: float
    """Clip frames for each scene frame, as the strip plays them."""


def is_footage(strip: Any) -> bool:
    """Whether a strip can be a reference: a movie or images that are not of our making."""
    ours = (ids.STRIP_JOB, ids.STRIP_HELPER, ids.STRIP_HALF_MADE, ids.STRIP_MATTE)
    ours = (*ours, ids.STRIP_PLATE)
    return strip.type in {"MOVIE", "IMAGE"} and all(strip.get(name) is None for name in ours)


@once
def footage_strips(scene: Any) -> list[Any]:
    """Strips of a scene that can be a reference, first in time first."""
    if scene is None or scene.sequence_editor is None:
        return []
    found = [item for item in compat.all_strips(scene.sequence_editor) if is_footage(item)]
    return sorted(found, key=lambda item: (compat.start(item), item.channel))


def find_strip(scene: Any, name: str) -> Any:
    """The named strip. Raises InputError where it is missing or no footage."""
    everything = compat.all_strips(scene.sequence_editor) if scene.sequence_editor else ()
    for strip in everything:
        if strip.name == name:
            if is_footage(strip):
                return strip
            ours = strip.get(ids.STRIP_JOB) or strip.get(ids.STRIP_HELPER)
            kind = "made by this add-on" if ours else f"of type {strip.type.lower()}"
            raise InputError(
                "strip-kind",
                f"The strip {name!r} is no footage (it is {kind}).",
                "Choose a movie or image strip.",
            )
    have = footage_strips(scene)
    raise InputError(
        "strip-missing",
        f"There is no strip named {name!r} in the Sequencer of {scene.name!r}.",
        f"It has {names_of(have)}." if have else "Add the clip to it, or choose a file.",
    )


def gone(path: Path, strip: str = "") -> InputError:
    """What to say where the file of the footage, or of a strip, is not on disk."""
    if strip:
        return InputError(
            "clip-missing",
            f"The strip {strip!r} plays {path}, which is not there.",
            "Choose its file again in the Sequencer.",
        )
    return InputError("clip-missing", f"There is no clip at {path}.", "Choose its file again.")


@once
def default_strip(scene: Any) -> Any:
    """The strip meant when none is chosen: the active one, or the only one; else None."""
    have = footage_strips(scene)
    active = scene.sequence_editor.active_strip if scene and scene.sequence_editor else None
    if active is not None and is_footage(active):
        return active
    return have[0] if len(have) == 1 else None


@once
def chosen_strip(scene: Any, name: str) -> Any:
    """The footage strip called `name`, or for an empty name the one meant; None where it is not."""
    if not name:
        return default_strip(scene)
    return next((item for item in footage_strips(scene) if item.name == name), None)


def resolve(scene: Any, shot: Shot) -> Footage:
    """The footage of a shot; `scene` is the one whose Sequencer counts.

    Raises InputError where no footage is chosen or its file is missing.
    """
    if shot.strip:
        return from_strip(scene, find_strip(scene, shot.strip))
    if shot.clip:
        path = real_path(shot.clip)
        if not path.exists():
            raise gone(path)
        if path.suffix.lower() in _IMAGES:
            # A file browser gives one image of the sequence.
            path = path.parent
        fps = shot.fps or (scene_fps(scene) if path.is_dir() else 0.0)
        return Footage(path=path, fps=fps, clicks=choice.on_file(scene, shot.clip))
    strip = default_strip(scene)
    if strip is not None:
        return from_strip(scene, strip)
    have = footage_strips(scene)
    raise InputError(
        "clip-unset",
        f"There are several strips to choose from: {names_of(have)}."
        if have
        else "No footage is chosen.",
        "Choose the strip that shows the actor."
        if have
        else "Add the clip to the Sequencer, or choose a file.",
    )


def clip_path(scene: Any, shot: Shot) -> Path | None:
    """The file or folder that `resolve` would find, asking no disk; None where none is chosen."""
    if shot.clip and not shot.strip:
        path = real_path(shot.clip)
        return path.parent if path.suffix.lower() in _IMAGES else path
    strip = chosen_strip(scene, shot.strip)
    if strip is None:
        return None
    return real_path(strip.filepath if strip.type == "MOVIE" else strip.directory)


def clicks_of(scene: Any, shot: Shot) -> tuple[Click, ...]:
    """Who was chosen in the footage that `resolve` would find, asking no disk."""
    if shot.clip and not shot.strip:
        return choice.on_file(scene, shot.clip)
    strip = chosen_strip(scene, shot.strip)
    return () if strip is None else choice.on_strip(strip)


def choose_person(scene: Any, shot: Shot, clicks: Sequence[Click]) -> None:
    """Keep who is meant with a shot's footage. Raises InputError where there is none."""
    if shot.clip and not shot.strip:
        choice.keep_on_file(scene, shot.clip, clicks)
        return
    choice.keep_on_strip(find_strip(scene, resolve(scene, shot).strip), clicks)


def from_strip(scene: Any, strip: Any) -> Footage:
    """The footage that a movie or image strip shows, and the part of it that is visible."""
    start, length = compat.start(strip), compat.length(strip)
    offset = round(start - compat.content_start(strip))
    if offset < 0:
        # The strip was pulled out beyond its content, which then stands still.
        start, length, offset = start - offset, length + offset, 0
    trim, content = compat.content_trim(strip), compat.content_length(strip)
    length = min(length, content - offset)
    if length <= 0:
        raise InputError(
            "strip-empty",
            f"The strip {strip.name!r} shows none of its footage.",
            "Move its handles so that it shows the actor.",
        )
    require_plain_speed(scene, strip)
    names: tuple[str, ...] = ()
    if strip.type == "MOVIE":
        path, fps = real_path(strip.filepath), 0.0
    else:
        path, fps = real_path(strip.directory), scene_fps(scene)
        # `elements` still lists what was trimmed away.
        visible = list(strip.elements)[trim + offset : trim + offset + length]
        names = tuple(item.filename for item in visible)
    if not path.exists():
        raise gone(path, strip.name)
    return Footage(
        path=path,
        strip=strip.name,
        start=start,
        length=length,
        offset=offset,
        trim=trim,
        content=content,
        names=names,
        fps=fps,
        clicks=choice.on_strip(strip),
    )


def require_plain_speed(scene: Any, strip: Any) -> None:
    """Raises InputError where the Sequencer does not play a strip's frames one after the other."""
    if getattr(strip, "use_reverse_frames", False):
        raise InputError(
            "strip-reversed",
            f"The strip {strip.name!r} plays backwards, which is not supported.",
            "Switch that off, or render it to a file first.",
        )
    if len(getattr(strip, "retiming_keys", ())):
        raise InputError(
            "strip-retimed",
            f"The strip {strip.name!r} is retimed, which is not supported.",
            "Reset its retiming (Strip, Retiming), or render it to a file first.",
        )
    for effect in compat.effects_on(scene.sequence_editor, strip):
        if effect.type == "SPEED":
            raise InputError(
                "strip-speed",
                f"The effect {effect.name!r} plays the strip {strip.name!r} at another speed, "
                "which is not supported.",
                "Mute the effect, or render both to a file first.",
            )


def used_span(footage: Footage, facts: ClipFacts, shot: Shot, rate_of_scene: float) -> Span:
    """Which frames of the clip are used, from what the strip shows and what the shot asks."""
    first, count, rate = 0, facts.count, 1.0
    if footage.names and facts.kind is ClipKind.IMAGES:
        first, count = _image_span(footage)
    elif footage.strip:
        # A movie strip may be stretched so that it plays at its own speed in the scene's rate.
        own = float(facts.fps) / rate_of_scene
        whole = footage.content + footage.trim
        if abs(whole * own - facts.count) < abs(whole - facts.count):
            rate = own
        first = round((footage.trim + footage.offset) * rate)
        # A container may promise more frames than it holds.
        count = min(round(footage.length * rate), facts.count - first)
    first, count = first + shot.first, count - shot.first
    if shot.count:
        count = min(count, shot.count)
    if count < 1:
        raise InputError(
            "clip-range",
            f"No frame is left of {footage.path.name}: it has {facts.count}, "
            f"and the range starts after frame {first}.",
            "Set Skip lower.",
        )
    return Span(first, count, rate)


def _image_span(footage: Footage) -> tuple[int, int]:
    """First index and number of an image strip's frames within its folder's sequence."""
    order = {path.name: index for index, path in enumerate(scan(footage.path).files)}
    places = [order.get(name, -1) for name in footage.names]
    if -1 in places:
        gone = footage.names[places.index(-1)]
        raise InputError(
            "clip-missing",
            f"The image {gone} is not in {footage.path}.",
            "Put it back, or trim the strip to the images that are there.",
        )
    if places != list(range(places[0], places[0] + len(places))):
        raise InputError(
            "strip-order",
            f"The strip {footage.strip!r} does not show the images of its folder in their order.",
            "Use an image strip of one plain sequence.",
        )
    return places[0], len(places)
