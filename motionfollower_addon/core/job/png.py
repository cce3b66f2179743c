"""A small PNG writer for Blender's Python, which brings no image library that a thread may use."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_KINDS = {2: 0, 3: 2}
"""Colour type by the array's dimensions: grey, and red, green and blue."""
_DEEP = ((), (3,))


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """PNG file of an RGB or grey picture, uint8 [height, width, 3] or [height, width].

    The format is the PNG specification's (ISO/IEC 15948). Compressed fast rather than small:
    skeleton pictures and masks are mostly of one colour.
    """
    if picture.dtype != np.uint8 or picture.ndim not in _KINDS or picture.shape[2:] not in _DEEP:
        raise ValueError(
            f"an RGB or grey uint8 picture is needed, not {picture.dtype} {picture.shape}"
        )
    height, width = picture.shape[:2]
    line = picture.size // height
    # Each row starts with its filter's number; 0 is none.
    rows = np.zeros((height, 1 + line), np.uint8)
    rows[:, 1:] = picture.reshape(height, line)
    header = struct.pack(">IIBBBBB", width, height, 8, _KINDS[picture.ndim], 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 1)),
            _chunk(b"IEND", b""),
        )
    )


def png_size(path: Path) -> tuple[int, int]:
    """(width, height) from a PNG file's header. Raises OSError or ValueError where it is none."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or head[12:16] != b"IHDR":
        raise ValueError(f"{path} is no PNG file")
    width, height = struct.unpack(">II", head[16:24])
    return width, height
