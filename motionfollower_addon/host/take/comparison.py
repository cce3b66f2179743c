"""Comparing a take with its footage: half over it, or beside it; and the way back."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.request import read_request
from mf_backend.jobs.disk.folder import JobFolder

from ... import ids
from ...core.job.png import png_size
from ...core.job.provenance import read_origin
from .. import compat
from ..paths import real_path
from . import missing, strips
from .record import job_folder, need

_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y")
_CROP = ("min_x", "max_x", "min_y", "max_y")


class Compare(StrEnum):
    """Ways of seeing a take against its footage."""

    OFF = "OFF"
    WIPE = "WIPE"
    SIDE = "SIDE"


def compared(strip: Any) -> Compare:
    """How a take is compared with its footage now."""
    text = strip.get(ids.STRIP_BEFORE)
    return Compare(json.loads(text).get("mode", Compare.SIDE)) if text else Compare.OFF


def compare(scene: Any, job: str, mode: Compare) -> None:
    """Show a take beside or half over its footage, or as it was."""
    strip = need(scene, job)
    _restore(strip)
    remove_helpers(scene, job)
    if mode is Compare.OFF:
        return
    if strip.lock:
        raise InputError("take-locked", f"{strip.name} is final and locked; unlock it to compare.")
    missing.require(scene, strip)
    width = _width(strip)
    strips.show_only(scene, strip)
    strip[ids.STRIP_BEFORE] = json.dumps(
        {
            "mode": mode,
            "width": width,
            "transform": {name: getattr(strip.transform, name) for name in _TRANSFORM},
            "crop": {name: getattr(strip.crop, name) for name in _CROP},
        }
    )
    if mode is Compare.WIPE:
        _wipe(scene, strip)
    else:
        _side_by_side(scene, strip, job)


def _width(strip: Any) -> int:
    """Width of a take's pictures in pixels. Raises InputError where they cannot be read."""
    picture = real_path(strip.directory) / strip.elements[0].filename
    try:
        return png_size(picture)[0]
    except (OSError, ValueError):
        raise InputError(
            "frames-missing",
            f"The pictures of {strip.name} cannot be read from {picture.parent}.",
            "Put them back there, or render the take again.",
        ) from None


def move_wipes(scene: Any) -> None:
    """Let every take that is wiped over its footage show as much as the settings say now."""
    for strip in strips.takes(scene):
        if compared(strip) is Compare.WIPE:
            _wipe(scene, strip)


def _wipe(scene: Any, strip: Any) -> None:
    """Crop a take so that its footage shows through on the left of the part that is in the frame.

    The settings' `wipe` counts in percent of that part, wherever the strip was moved or scaled to.
    """
    before = json.loads(strip[ids.STRIP_BEFORE])
    width, crop = before["width"], before["crop"]
    share = getattr(scene, ids.SCENE_PROPERTY).wipe / 100
    scale = strip.transform.scale_x or 1.0
    middle = scene.render.resolution_x / 2
    edges = sorted(
        (side - strip.transform.offset_x) / scale + width / 2 for side in (-middle, middle)
    )
    # At least one column of the take stays: Blender shows none of a strip that is cropped away.
    last = max(0, width - crop["max_x"] - 1)
    left, right = (min(max(edge, crop["min_x"]), last) for edge in edges)
    strip.crop.min_x = min(last, round(left + share * (right - left)))


def _restore(strip: Any) -> None:
    text = strip.get(ids.STRIP_BEFORE)
    if text is None:
        return
    before = json.loads(text)
    for name, value in before["transform"].items():
        setattr(strip.transform, name, value)
    for name, value in before["crop"].items():
        setattr(strip.crop, name, value)
    del strip[ids.STRIP_BEFORE]


def _helpers(scene: Any, job: str) -> list[Any]:
    return [
        item
        for item in compat.all_strips(scene.sequence_editor)
        if item.get(ids.STRIP_HELPER) == job
    ]


def remove_helpers(scene: Any, job: str) -> None:
    """Take away the strips that only served the comparison of a job's take."""
    for item in _helpers(scene, job):
        owner = strips.owner_of(scene.sequence_editor, item)
        compat.strips(owner).remove(item)


def _side_by_side(scene: Any, strip: Any, job: str) -> None:
    """Footage left and take right at half size over black; the user's strips are not touched."""
    editor = scene.sequence_editor
    request = read_request(JobFolder(job_folder(strip)).request)
    reference = strips.find_reference(scene, request.reference, read_origin(request.about))
    if reference is None:
        raise MFError(
            "strip-missing",
            "The footage of this take is no longer in the Sequencer.",
            "Undo, or add the clip again under the take.",
        )
    owner = strips.owner_of(editor, strip)
    start, stop = compat.start(strip), compat.end(strip)
    top = strips.free_channel(owner, strip.channel, start, stop)
    # Below the take but above the footage lies black, so the three stack from the take upwards.
    black = compat.new_color(owner, "Compare: black", top, start, stop - start)
    left = compat.copy_footage(scene, owner, reference, top + 1, start, stop)
    strip_channel = strips.free_channel(owner, top + 1, start, stop)
    for item in (black, left):
        item[ids.STRIP_HELPER] = job
    right = strips.add_images(
        scene,
        owner,
        "Compare: take",
        JobFolder(job_folder(strip)).frames,
        [item.filename for item in strip.elements],
        strip_channel,
        start,
    )
    right[ids.STRIP_HELPER] = job
    compat.same_colorspace(right, strip)
    quarter = scene.render.resolution_x * scene.render.resolution_percentage / 400
    for item, side in ((left, -1.0), (right, 1.0)):
        for name in ("scale_x", "scale_y"):
            setattr(item.transform, name, getattr(strip.transform, name) / 2)
        item.transform.offset_x = strip.transform.offset_x / 2 + side * quarter
        item.transform.offset_y = strip.transform.offset_y / 2
