"""Wrong folders of pictures: what a disk, a network or a person may have done to them."""

from __future__ import annotations

import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

Spoil = Callable[[Path, random.Random], None]


def _one(folder: Path, chance: random.Random) -> Path:
    return chance.choice(sorted(folder.iterdir()))


def _png(width: int, height: int) -> bytes:
    """A PNG whose header tells a size that its data does not have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def _written(data: bytes) -> Spoil:
    return lambda folder, chance: _keep(_one(folder, chance).write_bytes(data))


def _keep(_: object) -> None:
    """For calls whose answer does not count."""


def _replaced(make: Callable[[Path], object]) -> Spoil:
    def spoil(folder: Path, chance: random.Random) -> None:
        path = _one(folder, chance)
        path.unlink()
        make(path)

    return spoil


def _smaller(folder: Path, chance: random.Random) -> None:
    path = _one(folder, chance)
    path.write_bytes(cv2.imencode(".png", np.zeros((50, 40, 3), np.uint8))[1].tobytes())


def _cut(folder: Path, chance: random.Random) -> None:
    path = _one(folder, chance)
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(1, len(data) - 12)])


def _zeroed(folder: Path, chance: random.Random) -> None:
    path = _one(folder, chance)
    data = bytearray(path.read_bytes())
    data[60:160] = bytes(100)
    path.write_bytes(data)


def _emptied(folder: Path, _: random.Random) -> None:
    for path in folder.iterdir():
        path.unlink()


def _half(folder: Path, _: random.Random) -> None:
    for path in sorted(folder.iterdir())[3:]:
        path.unlink()


BAD: dict[str, Spoil] = {
    "no pictures": _emptied,
    "too few": _half,
    "one empty": _written(b""),
    "one text": _written(b"a picture of a wall"),
    "one cut off": _cut,
    "one with zeros": _zeroed,
    "one of another size": _smaller,
    "one of 60000 x 60000": _written(_png(60_000, 60_000)),
    "one of 2 x 10^9": _written(_png(2_000_000_000, 2_000_000_000)),
    "one of no size": _written(_png(0, 0)),
    "one folder": _replaced(lambda path: path.mkdir()),
    "one pipe": _replaced(lambda path: os.mkfifo(path)),
    "one link to itself": _replaced(lambda path: path.symlink_to(path.name)),
    "one link to nothing": _replaced(lambda path: path.symlink_to("/none/at/all.png")),
}
"""Folders that must be refused, whether they are clips or masks."""

NOT_FOR_CLIPS = ("too few",)
"""A clip may be as short as it likes; the motion is then cut or refused by its own rules."""
