"""Takes: showing one, making one final, comparing one with its footage, deleting one."""

from __future__ import annotations

import json
import shutil
import uuid
from enum import StrEnum
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError, MFError, OutputError
from mf_backend.contracts.request import read_request
from mf_backend.jobs.folder import JobFolder

from ... import ids
from ...core.job.png import png_size
from ...core.job.provenance import read_origin
from ...core.job.search import holds_job
from .. import compat
from ..background_read import read_in_background
from ..paths import real_path
from . import missing, strips
from .strips import find_take, has_takes, takes, takes_beside

__all__ = [
    "Compare",
    "compare",
    "compared",
    "delete",
    "has_takes",
    "is_final",
    "make_final",
    "show",
    "summary",
    "takes",
]

_FINAL_COLOR = "COLOR_04"
_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y")
_CROP = ("min_x", "max_x", "min_y", "max_y")


class Compare(StrEnum):
    """Ways of seeing a take against its footage."""

    OFF = "OFF"
    WIPE = "WIPE"
    SIDE = "SIDE"


def need(scene: Any, job: str) -> Any:
    """The take of a job; raises InputError where it is gone."""
    strip = find_take(scene, job)
    if strip is None:
        raise InputError(
            "take-missing",
            "This take is no longer in the Sequencer.",
            "Undo, or bring it in again in Render.",
        )
    return strip


def summary(strip: Any) -> str:
    """The settings that made a take, in a line; kept on the strip when it came in."""
    return str(strip.get(ids.STRIP_SUMMARY, ""))


def is_final(strip: Any) -> bool:
    """Whether a take was made final."""
    return bool(strip.get(ids.STRIP_FINAL))


def compared(strip: Any) -> Compare:
    """How a take is compared with its footage now."""
    text = strip.get(ids.STRIP_BEFORE)
    return Compare(json.loads(text).get("mode", Compare.SIDE)) if text else Compare.OFF


def show(scene: Any, job: str) -> None:
    """Show one take and mute the others over the same footage; hide it if it was the one shown."""
    strip = need(scene, job)
    if strip.mute:
        missing.require(scene, strip)
        strips.show_only(scene, strip)
    else:
        strip.mute = True


def make_final(scene: Any, job: str) -> None:
    """Show, colour and lock one take; the others over the same footage are muted and unlocked."""
    strip = need(scene, job)
    missing.require(scene, strip)
    compare(scene, job, Compare.OFF)
    for other in takes_beside(scene, strip):
        if is_final(other):
            del other[ids.STRIP_FINAL]
            other.lock, other.color_tag = False, "NONE"
    strips.show_only(scene, strip)
    strip[ids.STRIP_FINAL] = True
    strip.color_tag = _FINAL_COLOR
    strip.lock = True


def job_folder(strip: Any) -> Path:
    """The folder of a take's job. Raises InputError unless it holds that very job."""
    try:
        folder = Path(json.loads(strip[ids.STRIP_PROPERTY])["folder"])
    except (KeyError, ValueError, TypeError):
        raise InputError(
            "take-record",
            f"{strip.name} does not say where its job is.",
            "Delete the strip yourself.",
        ) from None
    # Moved along with its .blend, a job is where the pictures are.
    shown = real_path(strip.directory).parents[1]
    if not holds_job(folder, str(strip.get(ids.STRIP_JOB))):
        folder = shown if holds_job(shown, str(strip.get(ids.STRIP_JOB))) else folder
    request = read_request(JobFolder(folder).request)
    if request.id != strip.get(ids.STRIP_JOB):
        raise InputError(
            "take-record",
            f"{folder} holds another job; it is left alone.",
            "Delete the take without its files.",
        )
    return folder


def delete(scene: Any, job: str, with_files: bool) -> None:
    """Remove a take, and its job folder where asked."""
    strip = need(scene, job)
    folder = job_folder(strip) if with_files else None
    _remove_helpers(scene, job)
    owner = strips.owner_of(scene.sequence_editor, strip)
    shown = not strip.mute
    beside = [item for item in takes_beside(scene, strip) if not missing.is_marked(item)]
    compat.strips(owner).remove(strip)
    if shown and beside:
        strips.show_only(scene, beside[-1])
    if folder is not None:
        _delete_folder(folder)


def _delete_folder(folder: Path) -> None:
    """Delete a job folder; its thousands of files go while the window stays free."""
    going = folder.with_name(f".{folder.name} deleted {uuid.uuid4().hex[:6]}")
    try:
        folder.rename(going)
    except OSError as error:
        raise _not_deleted(folder, error) from error
    read_in_background(str(going), lambda: _remove(going), _tell)


def _remove(folder: Path) -> OutputError | None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        return _not_deleted(folder, error)
    return None


def _tell(trouble: OutputError | None) -> None:
    if trouble is not None:
        print(f"MotionFollower: {trouble}")


def _not_deleted(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        "not-deleted",
        f"{folder} could not be deleted whole: {error.strerror or error}.",
        "Close what uses its files and delete the folder yourself.",
    )


def compare(scene: Any, job: str, mode: Compare) -> None:
    """Show a take beside or half over its footage, or as it was."""
    strip = need(scene, job)
    _restore(strip)
    _remove_helpers(scene, job)
    if mode is Compare.OFF:
        return
    if strip.lock:
        raise InputError("take-locked", f"{strip.name} is final and locked; unlock it to compare.")
    missing.require(scene, strip)
    picture = real_path(strip.directory) / strip.elements[0].filename
    try:
        width, _ = png_size(picture)
    except (OSError, ValueError):
        raise InputError(
            "frames-missing",
            f"The pictures of {strip.name} cannot be read from {picture.parent}.",
            "Put them back there, or render the take again.",
        ) from None
    strips.show_only(scene, strip)
    strip[ids.STRIP_BEFORE] = json.dumps(
        {
            "mode": mode,
            "transform": {name: getattr(strip.transform, name) for name in _TRANSFORM},
            "crop": {name: getattr(strip.crop, name) for name in _CROP},
        }
    )
    if mode is Compare.WIPE:
        # The footage shows through on the left.
        strip.crop.min_x = width // 2
    else:
        _side_by_side(scene, strip, job)


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


def _remove_helpers(scene: Any, job: str) -> None:
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
