"""The files of an actor's mask layers.

mends/masks.json        schema; layers, each with id, name, role, size and stretches of frames
mends/masks/HASH.png    a layer's picture, grey, named by its own hash: written once, never changed

A picture is written before the list that names it, so a list never names one that is not whole.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mf_backend.actor.mends.list_file import ListFile
from mf_backend.actor.mends.mask_layers import MaskLayer, MaskRole, Stretch, stretches, with_layer
from mf_backend.contracts.conditions import FRAMES
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import (
    hash_value,
    output_error,
    part_rest,
    write_bytes,
    write_json,
)

SCHEMA = 1
NAME = "masks.json"
FOLDER = "masks"
_LARGEST_PICTURE = 512 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{12}")
_LONGEST_NAME = 200
_SIDES = range(1, 1 << 16)
_DIGITS = 12
_AT_WORK_SECONDS = 60.0
"""Time within which every single file is written."""


class LayerPictures:
    """Takes a layer's pictures one by one in ascending order of frames; equal ones are kept once.

    Nothing counts until `layer` is in the list.
    """

    def __init__(self, mends: Path, name: str, role: MaskRole, size: tuple[int, int]) -> None:
        self._mends, self._name, self._role, self._size = mends, name[:_LONGEST_NAME], role, size
        self._named: list[tuple[int, str]] = []

    def add(self, frame: int, png: bytes) -> None:
        """The picture of a frame of the clip, as a PNG. Raises OutputError."""
        sha256 = hashlib.sha256(png).hexdigest()
        path = picture_path(self._mends, sha256)
        if sha256 not in {known for _, known in self._named} and not _is(path, sha256):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise output_error(path, error) from error
            write_bytes(path, png)
        self._named.append((frame, sha256))

    def layer(self) -> MaskLayer | None:
        """The layer; None where it is nowhere."""
        if not self._named:
            return None
        identity = hash_value([self._name, str(self._role)])[:_DIGITS]
        rows = stretches(self._named)
        return MaskLayer(identity, self._name, self._role, self._size, rows)


def picture_path(mends: Path, sha256: str) -> Path:
    """Where a picture of this hash lies."""
    return mends / FOLDER / f"{sha256}.png"


def read_layers(mends: Path) -> tuple[MaskLayer, ...]:
    """The mask layers in a folder of mends, in the order in which they count.

    Raises InputError where the list is there and is none that was written here.
    """
    file = ListFile(mends / NAME, "layers", "mask layers", SCHEMA)
    return tuple(_layer(file, number, entry) for number, entry in enumerate(file.entries()))


def read_picture(mends: Path, layer: MaskLayer, sha256: str) -> bytes:
    """A picture's PNG. Raises InputError where it is gone or was changed."""
    path = picture_path(mends, sha256)
    try:
        if path.stat().st_size > _LARGEST_PICTURE:
            raise InputError("mends-damaged", f"{path} is no picture of a mask layer.")
        data = path.read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(
            "mends-damaged",
            f"{path} of the mask layer {layer.name!r} is missing or was changed.",
            "Make the layer again, or take it away.",
        )
    return data


def put_layers(mends: Path, new: Iterable[MaskLayer]) -> None:
    """Add layers to the list, each in place of the one of its name and role. Raises MFError."""
    before = read_layers(mends)
    after = before
    for layer in new:
        after = with_layer(after, layer)
    _replace(mends, before, after)


def remove_layer(mends: Path, identity: str) -> MaskLayer:
    """Take a layer away, and the pictures that no other one has; the layer that it was.

    Raises InputError where there is none of that id.
    """
    before = read_layers(mends)
    gone = [layer for layer in before if layer.id == identity]
    if not gone:
        raise InputError(
            "mask-layer-gone",
            f"The actor has no mask layer {identity!r}; it may have been taken away already.",
            "Look at the list again.",
        )
    _replace(mends, before, tuple(layer for layer in before if layer.id != identity))
    return gone[0]


def _replace(mends: Path, before: tuple[MaskLayer, ...], after: tuple[MaskLayer, ...]) -> None:
    """Write the list, then delete what only the former one named."""
    if after != before or not (mends / NAME).is_file():
        try:
            mends.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(mends, error) from error
        write_json(mends / NAME, {"schema": SCHEMA, "layers": [_plain(one) for one in after]})
    for sha256 in _named(before) - _named(after):
        picture_path(mends, sha256).unlink(missing_ok=True)
    _remove_leftovers(mends)


def _remove_leftovers(mends: Path) -> None:
    """Delete half-written files of ours that a killed process left, not those of one at work."""
    for folder in (mends, mends / FOLDER):
        if not folder.is_dir():
            continue
        for path in folder.iterdir():
            if part_rest(path.name) is not None:
                # Whoever writes it may just have moved it into place.
                with suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > _AT_WORK_SECONDS:
                        path.unlink()


def _named(layers: Iterable[MaskLayer]) -> set[str]:
    return {stretch.sha256 for layer in layers for stretch in layer.stretches}


def _is(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _plain(layer: MaskLayer) -> dict[str, Any]:
    return {
        "id": layer.id,
        "name": layer.name,
        "role": str(layer.role),
        "size": list(layer.size),
        "frames": [[one.first, one.last, one.sha256] for one in layer.stretches],
    }


def _layer(file: ListFile, number: int, entry: Any) -> MaskLayer:
    where = f"layer {number + 1}"
    if not isinstance(entry, Mapping):
        raise file.refusal(f"{where} is none")
    identity, name, role = (entry.get(key) for key in ("id", "name", "role"))
    if not isinstance(identity, str) or not _ID.fullmatch(identity) or not isinstance(name, str):
        raise file.refusal(f"{where} has no id or no name")
    if role not in list(MaskRole):
        raise file.refusal(f"{where} has no role that is known")
    match entry.get("size"):
        case [int(width), int(height)] if width in _SIDES and height in _SIDES:
            size = (width, height)
        case _:
            raise file.refusal(f"{where} has no size")
    rows = entry.get("frames")
    if not isinstance(rows, list):
        raise file.refusal(f"{where} has no frames")
    found: list[Stretch] = []
    for row in rows:
        match row:
            case [int(first), int(last), str(sha256)] if (
                first in FRAMES and last in FRAMES and first <= last and _SHA256.fullmatch(sha256)
            ):
                found.append(Stretch(first, last, sha256))
            case _:
                raise file.refusal(f"{where} has a row of frames that is none")
    if any(a.last >= b.first for a, b in itertools.pairwise(found)):
        raise file.refusal(f"the frames of {where} are not in order")
    return MaskLayer(identity, name, MaskRole(role), size, tuple(found))
