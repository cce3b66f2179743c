"""Wrong npz files of joints: the arrays, their headers, or the archive around them."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Make = Callable[[Path, str, NDArray[np.float32], tuple[int, int], random.Random], None]


def _save(path: Path, **arrays: object) -> None:
    with path.open("wb") as file:
        np.savez(file, **{name: np.asarray(value) for name, value in arrays.items()})


def _npy(header: bytes, data: bytes = b"") -> bytes:
    """An npy member with any header."""
    header = header.ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def _archive(path: Path, name: str, member: bytes, size: tuple[int, int]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array(size))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", member)
        archive.writestr("size.npy", buffer.getvalue())


def _header(descr: str, shape: str) -> bytes:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()


def _damaged(change: Callable[[bytearray, random.Random], bytearray]) -> Make:
    def make(
        path: Path, name: str, joints: NDArray[np.float32], size: tuple[int, int],
        chance: random.Random,
    ) -> None:  # fmt: skip
        with path.open("wb") as file:
            np.savez_compressed(file, **{name: joints, "size": np.array(size)})
        path.write_bytes(change(bytearray(path.read_bytes()), chance))

    return make


def _values(change: Callable[[NDArray[np.float32], tuple[int, int]], dict[str, object]]) -> Make:
    def make(
        path: Path, name: str, joints: NDArray[np.float32], size: tuple[int, int],
        chance: random.Random,
    ) -> None:  # fmt: skip
        arrays = change(joints, size)
        _save(path, **{name if key == "joints" else key: value for key, value in arrays.items()})

    return make


def _member(member: Callable[[NDArray[np.float32]], bytes]) -> Make:
    def make(
        path: Path, name: str, joints: NDArray[np.float32], size: tuple[int, int],
        chance: random.Random,
    ) -> None:  # fmt: skip
        _archive(path, name, member(joints), size)

    return make


def _flag(offset_local: int, offset_central: int, value: int) -> Make:
    """Archives whose headers say that their members are encrypted, or packed in unknown ways."""

    def change(data: bytearray, _: random.Random) -> bytearray:
        for signature, offset in ((b"PK\x03\x04", offset_local), (b"PK\x01\x02", offset_central)):
            start = data.find(signature)
            while start >= 0:
                data[start + offset] = value
                start = data.find(signature, start + 4)
        return data

    return _damaged(change)


def _flip(data: bytearray, chance: random.Random) -> bytearray:
    for _ in range(3):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    return data


def _zeros(data: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(max(1, len(data) - 64))
    data[start : start + 64] = bytes(64)
    return data


def _text_numbers(joints: NDArray[np.float32]) -> NDArray[np.str_]:
    return np.nan_to_num(joints).astype("U8")


BAD: dict[str, Make] = {
    "empty": _damaged(lambda data, _: bytearray()),
    "cut off": _damaged(lambda data, chance: data[: chance.randrange(1, len(data) - 1)]),
    "last bytes missing": _damaged(lambda data, _: data[:-7]),
    "random bytes": _damaged(lambda data, chance: bytearray(chance.randbytes(len(data)))),
    "text": _damaged(lambda data, _: bytearray(b"joints, please")),
    "said to be encrypted": _flag(6, 8, 1),
    "unknown compression": _flag(8, 10, 77),
    "broken deflate stream": _damaged(lambda data, _: bytearray(
        data[:60] + zlib.compress(b"x" * 50)[:40] + data[100:])),
    "one plain array": lambda path, name, joints, size, chance: path.write_bytes(_plain(joints)),
    "another key": _values(lambda joints, size: {"other": joints, "size": size}),
    "no size": _values(lambda joints, size: {"joints": joints}),
    "text numbers": _values(lambda joints, size: {"joints": _text_numbers(joints), "size": size}),
    "complex": _values(lambda joints, size: {"joints": joints.astype("c8"), "size": size}),
    "objects": _values(lambda joints, size: {"joints": joints.astype(object), "size": size}),
    "two dimensions": _values(lambda joints, size: {"joints": joints[0], "size": size}),
    "no frames": _values(lambda joints, size: {"joints": joints[:0], "size": size}),
    "59 joints": _values(lambda joints, size: {"joints": joints[:, :59], "size": size}),
    "three coordinates": _values(lambda joints, size: {
        "joints": np.concatenate([joints, joints[..., :1]], -1), "size": size}),
    "infinite": _values(lambda joints, size: {"joints": joints * np.inf, "size": size}),
    "size infinite": _values(lambda joints, size: {"joints": joints, "size": [np.inf, 5]}),
    "size negative": _values(lambda joints, size: {"joints": joints, "size": [-5, 5]}),
    "size zero": _values(lambda joints, size: {"joints": joints, "size": [0, 0]}),
    "size of three": _values(lambda joints, size: {"joints": joints, "size": [5, 5, 5]}),
    "size text": _values(lambda joints, size: {"joints": joints, "size": "big"}),
    "header of brackets": _member(lambda joints: _npy(b"{" + b"[" * 100)),
    "header of 10^13": _member(lambda joints: _npy(_header("<f4", "(10000000000000, 60, 2)"))),
    "header of 10^30": _member(lambda joints: _npy(_header("<f4", f"({10**30}, 60, 2)"))),
    "header negative": _member(lambda joints: _npy(_header("<f4", "(-8, 60, 2)"), bytes(999))),
    "header of another type": _member(lambda joints: _npy(_header("<V999", "(8, 60, 2)"))),
    "zeros without end": _member(lambda joints: _npy(
        _header("<f4", "(1000000, 60, 2)"), bytes(480_000_000))),
}  # fmt: skip
"""Files that are no joints, whatever comes of the rest."""

MAYBE: dict[str, Make] = {"changed bytes": _damaged(_flip), "block of zeros": _damaged(_zeros)}
"""Damage that may hit what does not count, such as a date: then the job ends as if undamaged."""


def _plain(joints: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, joints)
    return buffer.getvalue()
