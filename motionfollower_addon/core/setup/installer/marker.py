"""The installation's own record: incomplete until the backend answered. Standard library."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields, replace
from enum import Enum
from pathlib import Path

from .plan import InstallPaths, InstallPlan


class SetupState(Enum):
    """Where the backend's installation in a folder stands."""

    ABSENT = "absent"
    """Nothing of ours is in the folder."""
    INCOMPLETE = "incomplete"
    """Begun and not finished, or something is gone; installing goes on with it."""
    OTHER_VERSION = "other version"
    """Complete, but made for another version of the add-on."""
    READY = "ready"
    WORKING = "working"
    """An installer of this Blender works on it now."""


@dataclass(frozen=True)
class Marker:
    """What was installed. `complete` is written last, after a real handshake."""

    complete: bool = False
    version: str = ""
    protocol: int = 0
    list_hash: str = ""
    """Hash of the list of exact versions and of the wheel."""
    python: str = ""
    """Version of the environment's Python."""
    torch: str = ""
    """Version of PyTorch with its build, e.g. 2.13.0+cu130."""
    torch_note: str = ""
    """Why it is that build, in a sentence."""
    devices: tuple[str, ...] = ()
    """What the backend said it can work on."""
    faulty: tuple[str, ...] = ()
    """Packages whose files verifying found changed; repairing installs them anew."""
    schema: int = 1

    def write(self, paths: InstallPaths) -> None:
        """Put the marker in place whole, or leave the old one."""
        paths.folder.mkdir(parents=True, exist_ok=True)
        temporary = paths.marker.with_suffix(".new")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(paths.marker)

    def begun(self, paths: InstallPaths) -> Marker:
        """The same, marked incomplete, and written."""
        marker = replace(self, complete=False)
        marker.write(paths)
        return marker


def read_marker(paths: InstallPaths) -> Marker | None:
    """The marker of a folder; None where there is none, an incomplete one where it is damaged."""
    try:
        value = json.loads(paths.marker.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return Marker()
    if not isinstance(value, dict):
        return Marker()
    known = {item.name for item in fields(Marker)}
    value = {key: item for key, item in value.items() if key in known}
    for name in ("devices", "faulty"):
        value[name] = tuple(value.get(name) or ())
    return Marker(**value)


def list_hash(plan: InstallPlan) -> str:
    """Hash of everything exact that a plan installs."""
    digest = hashlib.sha256()
    for path in (plan.requirements, plan.wheel):
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def state_of(folder: str, version: str, protocol: int, wanted_hash: str = "") -> SetupState:
    """How the installation in a folder stands for an add-on of this version. Cheap.

    `wanted_hash` is `list_hash` of what the add-on would install; empty does not compare it.
    """
    if not folder:
        return SetupState.ABSENT
    paths = InstallPaths(Path(folder))
    marker = read_marker(paths)
    if marker is None:
        return SetupState.ABSENT
    if not marker.complete or not paths.python.is_file():
        return SetupState.INCOMPLETE
    fits = marker.version == version and marker.protocol == protocol
    if not fits or (wanted_hash and marker.list_hash != wanted_hash):
        return SetupState.OTHER_VERSION
    return SetupState.READY
