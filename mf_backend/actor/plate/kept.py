"""Plates kept among findings: the same clip and masks give the same one again, without reading."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.background import (
    BackgroundPlate,
    Light,
    Mask,
    PlateReport,
    build_plate,
)
from mf_backend.actor.plate.gather import Canvas
from mf_backend.actor.plate.motion import CameraMotion
from mf_backend.actor.plate.pieces import Piece
from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz
from mf_backend.contracts.findings import Arrays, Findings
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.progress import Reporter
from mf_backend.version import VERSION

Key = NDArray[np.uint8]

_MADE = "1"
"""Goes up whenever the same frames and masks give another plate."""
_KEY = WantedArray(((32,),), "[32]")
_MANY = range(1 << 18)
_SIDES = range(1, 1 << 15)
_PLATE = {
    "key": _KEY,
    "to_first": WantedArray((_MANY, (3,), (3,)), "[frames, 3, 3]"),
    "references": WantedArray((_MANY,), "[references]"),
    "figures": WantedArray(((4,),), "steady, registered, seen, grow"),
    "pieces": WantedArray((range(4096), (8,)), "[pieces, 8]"),
}
_PIECE = {
    "key": _KEY,
    "picture": WantedArray((_SIDES, _SIDES, (3,)), "[height, width, 3]"),
    "unseen": WantedArray((_SIDES, _SIDES), "[height, width]"),
}


def kept_plate(
    clip: FrameSource,
    person: Callable[[int], Mask],
    reporter: Reporter,
    findings: Findings,
    light: Light = Light.USUAL,
) -> BackgroundPlate:
    """As build_plate; one for each `light` stays among the findings, the latest."""
    return plate_of_key(plate_key(clip, person, reporter), clip, person, reporter, findings, light)


def plate_of_key(
    key: Key,
    clip: FrameSource,
    person: Callable[[int], Mask],
    reporter: Reporter,
    findings: Findings,
    light: Light,
) -> BackgroundPlate:
    """The same for whoever knows the key already, `plate_key` of the same clip and masks."""
    kind = f"plate-{light}"
    plate = _load(findings, kind, key)
    if plate is None:
        plate = build_plate(clip, person, reporter, light)
        _keep(findings, kind, key, plate)
    return plate


def plate_key(clip: FrameSource, person: Callable[[int], Mask], reporter: Reporter) -> Key:
    """Hash of all masks and of some frames: whose clip it is, the findings know."""
    digest = hashlib.sha256(f"{VERSION} {_MADE} {clip.size} {clip.count}".encode())
    for index in range(clip.count):
        reporter.check()
        digest.update(np.ascontiguousarray(person(index)).tobytes())
    for index in sorted({0, clip.count // 2, clip.count - 1}):
        digest.update(np.ascontiguousarray(clip.read(index)).tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def _keep(findings: Findings, kind: str, key: Key, plate: BackgroundPlate) -> None:
    pieces, motion, report, grow = plate.parts()
    rows = []
    for number, (start, piece) in enumerate(sorted(pieces.items())):
        canvas = piece.canvas
        place = (canvas.anchor, canvas.x, canvas.y, canvas.width, canvas.height)
        rows.append((start, *place, *piece.size))
        findings.keep(
            f"{kind}-piece",
            number,
            {"key": key, "picture": piece.picture, "unseen": piece.unseen},
        )
    findings.keep(
        kind,
        0,
        {
            "key": key,
            "to_first": np.asarray(motion.to_first, np.float64),
            "references": np.array(motion.references, np.int64),
            "figures": np.array([motion.steady, report.registered, report.seen, grow], np.float64),
            "pieces": np.array(rows, np.int64),
        },
    )


def _load(findings: Findings, kind: str, key: Key) -> BackgroundPlate | None:
    found = findings.load(kind, 0, _PLATE)
    if found is None or not np.array_equal(found["key"], key):
        return None
    pieces: dict[int, Piece] = {}
    for number, row in enumerate(found["pieces"].tolist()):
        start, anchor, x, y, width, height, across, down = row
        drawn = findings.load(f"{kind}-piece", number, _PIECE)
        if drawn is None or not _fits(drawn, key, (height, width)):
            return None
        canvas = Canvas(anchor, x, y, width, height)
        picture, unseen = drawn["picture"].astype(np.uint8), drawn["unseen"].astype(np.bool_)
        pieces[start] = Piece(canvas, (across, down), picture, unseen)
    if not pieces:
        return None
    steady, registered, seen, grow = found["figures"].tolist()
    references = tuple(int(frame) for frame in found["references"])
    motion = CameraMotion(found["to_first"], bool(steady), registered, references)
    report = PlateReport(bool(steady), registered, seen)
    return BackgroundPlate(pieces, motion, report, int(grow))


def _fits(drawn: Arrays, key: Key, shape: tuple[int, int]) -> bool:
    same = np.array_equal(drawn["key"], key)
    return same and drawn["picture"].shape[:2] == drawn["unseen"].shape == shape


def kept_still(findings: Path) -> bool:
    """Whether the plate that was kept last in a folder of findings is of a camera that stands
    still."""
    found = [findings / f"plate-{light}" / "frame_000000.npz" for light in Light]
    there = [path for path in found if path.is_file()]
    if not there:
        return False
    try:
        plate = read_npz(max(there, key=lambda path: path.stat().st_mtime), _PLATE)
    except NpzError:
        return False
    return bool(plate["figures"][0])


def kept_picture(findings: Path) -> NDArray[np.uint8] | None:
    """The plate that was kept last in a folder of findings, RGB [height, width, 3]: where a camera
    moves, the piece with its first frame, which is larger than the clip. None where there is none.
    """
    found: list[tuple[float, Path]] = []
    for light in Light:
        for path in (findings / f"plate-{light}-piece").glob("frame_*.npz"):
            # Another take may just be replacing it.
            with suppress(FileNotFoundError):
                found.append((path.parent.stat().st_mtime, path))
    if not found:
        return None
    latest = max(when for when, _ in found)
    path = min(path for when, path in found if when == latest)
    try:
        return read_npz(path, _PIECE)["picture"].astype(np.uint8)
    except NpzError:
        return None
