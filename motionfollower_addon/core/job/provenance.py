"""Where a job came from, as its `about` keeps it: enough to bring the result home later."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Origin:
    """The scene, strip and motion that a job was made from."""

    blend: str = ""
    """The .blend's absolute path; empty while it was unsaved."""
    scene: str = ""
    """Name of the scene whose Sequencer the result belongs in."""
    scene_id: str = ""
    """Mark on that scene, which survives renaming and saving under another name."""
    strip: str = ""
    """Name of the reference strip; empty: a bare path was given."""
    start: int = 0
    """Scene frame where the result starts, should the reference strip be gone."""
    channel: int = 0
    """Channel of the reference strip."""
    rate: float = 1.0
    """Clip frames for each scene frame."""
    has_audio: bool = False
    scene_fps: float = 0.0
    rig_scene: str = ""
    armature: str = ""
    camera: str = ""
    action: str = ""
    slot: str = ""
    bone_map: str = ""
    range: tuple[float, ...] = ()
    retime: str = ""
    statement: str = ""
    """What the retiming did, in words."""
    title: str = ""
    """What the take is called."""
    blender: str = ""
    addon: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self)


def read_origin(about: Mapping[str, Any]) -> Origin:
    """Build an Origin from a job's `about`; what is missing or odd keeps its default."""
    values: dict[str, Any] = {}
    for item in dataclasses.fields(Origin):
        raw = about.get(item.name)
        if item.name == "range":
            if isinstance(raw, list | tuple):
                values["range"] = tuple(float(x) for x in raw if isinstance(x, int | float))
        elif isinstance(raw, type(item.default)):
            values[item.name] = raw
        elif isinstance(item.default, float) and isinstance(raw, int):
            values[item.name] = float(raw)
    return Origin(**values)


def home_scene_name(origin: Origin, marks: Iterable[tuple[str, str]], blend: str) -> str:
    """Name of the scene that a job was made for; empty where the open file has none.

    `marks` are (name, mark) of the open file's scenes, `blend` is its path or empty.
    """
    known = list(marks)
    marked = [name for name, mark in known if origin.scene_id and mark == origin.scene_id]
    # A copied scene carries the same mark; the name tells which one was meant.
    if origin.scene in marked:
        return origin.scene
    if marked:
        return marked[0]
    # The mark is lost where the file was never saved after it was made, or was undone.
    same_file = bool(origin.blend and blend) and Path(origin.blend) == Path(blend)
    return origin.scene if same_file and any(name == origin.scene for name, _ in known) else ""
