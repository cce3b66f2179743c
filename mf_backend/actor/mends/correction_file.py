"""The file of an actor's joint corrections, which a person can read.

mends/joints.json   schema; corrections, each with id, frame, blend and joints by name
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mf_backend.actor.mends.joint_corrections import JointCorrection
from mf_backend.actor.mends.list_file import ListFile
from mf_backend.contracts.conditions import FRAMES
from mf_backend.contracts.files import output_error, write_json
from mf_backend.skeleton.joints import JOINT_INDEX, JOINT_NAMES

SCHEMA = 1
NAME = "joints.json"
LONGEST_BLEND = 1000
_FARTHEST = 1_000_000.0
"""Pixels from the picture's corner; no picture is as large."""


def new_correction(
    frame: int, blend: int, joints: Mapping[int, tuple[float, float]]
) -> JointCorrection:
    """A correction under a name of its own."""
    return JointCorrection(uuid.uuid4().hex[:12], frame, blend, dict(joints))


def read_corrections(folder: Path) -> tuple[JointCorrection, ...]:
    """The joint corrections in a folder of mends, in the order in which they were made.

    Raises InputError where the file is there and is none that was written here.
    """
    file = ListFile(folder / NAME, "corrections", "corrections", SCHEMA)
    return tuple(_correction(file, number, entry) for number, entry in enumerate(file.entries()))


def write_corrections(folder: Path, corrections: Iterable[JointCorrection]) -> None:
    """Replace the file whole; the folder is made. Raises OutputError where the disk refuses."""
    entries = [
        {
            "id": correction.id,
            "frame": correction.frame,
            "blend": correction.blend,
            "joints": {
                JOINT_NAMES[joint]: [round(x, 3), round(y, 3)]
                for joint, (x, y) in sorted(correction.joints.items())
            },
        }
        for correction in corrections
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(folder, error) from error
    write_json(folder / NAME, {"schema": SCHEMA, "corrections": entries})


def with_correction(
    before: Iterable[JointCorrection], new: JointCorrection
) -> tuple[JointCorrection, ...]:
    """The list with one more; joints that it moves on its frame are no older one's any longer."""
    kept = []
    for correction in before:
        if correction.frame == new.frame:
            rest = {j: place for j, place in correction.joints.items() if j not in new.joints}
            if not rest:
                continue
            correction = replace(correction, joints=rest)
        kept.append(correction)
    return (*kept, new)


def _correction(file: ListFile, number: int, entry: Any) -> JointCorrection:
    where = f"correction {number + 1}"
    if not isinstance(entry, dict) or not isinstance(entry.get("joints"), dict):
        raise file.refusal(f"{where} is none")
    frame, blend, name = (entry.get(key) for key in ("frame", "blend", "id"))
    if not isinstance(frame, int) or isinstance(frame, bool) or frame not in FRAMES:
        raise file.refusal(f"{where} has no frame")
    if not isinstance(blend, int) or isinstance(blend, bool) or not 0 <= blend <= LONGEST_BLEND:
        raise file.refusal(f"{where} has a blend that is no number of frames")
    if not isinstance(name, str) or not name:
        raise file.refusal(f"{where} has no id")
    joints = {}
    for joint, place in entry["joints"].items():
        if joint not in JOINT_INDEX or not _is_place(place):
            raise file.refusal(f"{where} says nothing of use about {joint!r}")
        joints[JOINT_INDEX[joint]] = (float(place[0]), float(place[1]))
    return JointCorrection(name, frame, blend, joints)


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(
            isinstance(x, int | float)
            and not isinstance(x, bool)
            and math.isfinite(x)
            and abs(x) < _FARTHEST
            for x in value
        )
    )
