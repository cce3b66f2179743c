"""Plates kept among findings: the same clip and masks give the same one again, without reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

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
from mf_backend.contracts.findings import Arrays, Findings, Key, KeyedFindings, key_of
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.progress import Reporter
from mf_backend.version import VERSION

_MADE = "3"
"""Goes up whenever the same frames and masks give another plate."""
_MANY = range(1 << 18)
_SIDES = range(1, 1 << 15)
_PLATE = {
    "to_first": WantedArray((_MANY, (3,), (3,)), "[frames, 3, 3]"),
    "references": WantedArray((_MANY,), "[references]"),
    "figures": WantedArray(((4,),), "steady, registered, seen, grow"),
    "pieces": WantedArray((range(4096), (8,)), "[pieces, 8]"),
}
_PIECE = {
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
    kept = KeyedFindings(findings, key)
    plate = _load(kept, kind)
    if plate is None:
        plate = build_plate(clip, person, reporter, light)
        _keep(kept, kind, plate)
    return plate


def plate_key(clip: FrameSource, person: Callable[[int], Mask], reporter: Reporter) -> Key:
    """The key of all masks and of some frames: whose clip it is, the findings know."""

    def parts() -> Iterator[str | NDArray[Any]]:
        yield f"{VERSION} {_MADE} {clip.size} {clip.count}"
        for index in range(clip.count):
            reporter.check()
            yield person(index)
        for index in sorted({0, clip.count // 2, clip.count - 1}):
            yield clip.read(index)

    return key_of(parts())


def _keep(kept: KeyedFindings, kind: str, plate: BackgroundPlate) -> None:
    pieces, motion, report, grow = plate.parts()
    rows = []
    for number, (start, piece) in enumerate(sorted(pieces.items())):
        canvas = piece.canvas
        place = (canvas.anchor, canvas.x, canvas.y, canvas.width, canvas.height)
        rows.append((start, *place, *piece.size))
        kept.keep(f"{kind}-piece", number, {"picture": piece.picture, "unseen": piece.unseen})
    kept.keep(
        kind,
        0,
        {
            "to_first": np.asarray(motion.to_first, np.float64),
            "references": np.array(motion.references, np.int64),
            "figures": np.array([motion.steady, report.registered, report.seen, grow], np.float64),
            "pieces": np.array(rows, np.int64),
        },
    )


def _load(kept: KeyedFindings, kind: str) -> BackgroundPlate | None:
    found = kept.load(kind, 0, _PLATE)
    if found is None:
        return None
    pieces: dict[int, Piece] = {}
    for number, row in enumerate(found["pieces"].tolist()):
        start, anchor, x, y, width, height, across, down = row
        drawn = kept.load(f"{kind}-piece", number, _PIECE)
        if drawn is None or not _fits(drawn, (height, width)):
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


def _fits(drawn: Arrays, shape: tuple[int, int]) -> bool:
    return drawn["picture"].shape[:2] == drawn["unseen"].shape == shape


def kept_still(findings: Path) -> bool:
    """Whether the plate that was kept last in a folder of findings is of a camera that stands
    still."""
    found = [findings / f"plate-{light}" / "frame_000000.npz" for light in Light]
    there = [path for path in found if path.is_file()]
    if not there:
        return False
    try:
        plate = read_npz(max(there, key=lambda path: path.stat().st_mtime), _PLATE, known=["key"])
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
        return read_npz(path, _PIECE, known=["key"])["picture"].astype(np.uint8)
    except NpzError:
        return None
