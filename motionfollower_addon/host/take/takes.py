"""Takes: showing one, making one final, deleting one."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import OutputError

from ... import ids
from .. import compat
from ..background_read import read_in_background
from . import missing, strips
from .comparison import Compare, compare, remove_helpers
from .record import job_folder, need
from .strips import takes_beside

_FINAL_COLOR = "COLOR_04"


def is_final(strip: Any) -> bool:
    """Whether a take was made final."""
    return bool(strip.get(ids.STRIP_FINAL))


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


def delete(scene: Any, job: str, with_files: bool) -> None:
    """Remove a take, and its job folder where asked."""
    strip = need(scene, job)
    folder = job_folder(strip) if with_files else None
    remove_helpers(scene, job)
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
