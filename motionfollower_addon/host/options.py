"""The preferences as plain values, also where the add-on runs without being installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from mf_backend.actor.store.folder import FOLDER

from .. import ids
from .draw_cache import once

PACKAGE = __package__.rpartition(".")[0]
"""Name under which Blender knows the add-on."""


@dataclass(frozen=True)
class Options:
    """What the preferences say; empty text means not set."""

    backend_python: str = ""
    jobs_folder: str = ""
    device: str = "auto"
    weights: str = ""


@once
def options() -> Options:
    """The preferences of this Blender."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    found = addon.preferences if addon is not None else None
    if found is None:
        return Options()
    return Options(
        backend_python=bpy.path.abspath(found.backend_python) if found.backend_python else "",
        jobs_folder=found.jobs_folder,
        device=found.device or "auto",
        weights=bpy.path.abspath(found.weights) if found.weights else "",
    )


def user_folder(part: str) -> Path:
    """A folder of the add-on's own in Blender's user files; it outlives updates of the add-on."""
    return Path(bpy.utils.user_resource("DATAFILES", path=f"{ids.JOBS_FOLDER}/{part}"))


def jobs_roots() -> list[Path]:
    """Folders that job folders are made in; the first is where new ones go."""
    roots = []
    if bpy.data.filepath:
        roots.append(Path(bpy.data.filepath).absolute().parent / ids.JOBS_FOLDER)
    chosen = options().jobs_folder
    roots.append(Path(bpy.path.abspath(chosen)) if chosen else user_folder("jobs"))
    return roots


def actors_root() -> Path:
    """The folder in which the actors of new takes' footage are kept."""
    return jobs_roots()[0] / FOLDER
