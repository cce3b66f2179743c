"""Arrays from somebody else's .npz: headers are read before data, and nothing but numbers is taken.

An .npz is a zip of .npy files. Before a byte of data is unpacked, the kind and shape that a header
names must be the wanted ones, and the data as long as they say; so a small file cannot fill the
memory, and no reader meets objects, texts or methods of packing that it does not know.
"""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from mf_backend.contracts.checks.fields import listed
from mf_backend.contracts.checks.small_files import UnreadableError, measure_file, words_of

_NPY: Any = npy_format
"""Its functions have no types."""
_KINDS = "biuf"
"""Kinds of numbers that are taken: true and false, whole ones, and floating ones."""
_HEADER = 1024
"""Bytes that a header of .npy may have; ours have 128."""
_OVERHEAD = 1 << 16
"""Bytes of a zip file besides its arrays' data."""
_ENTRIES = 64
_WIDEST = 8
_PACKED = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
_DAMAGE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, tokenize.TokenError),
    *(OSError, EOFError, ValueError, TypeError, OverflowError, SyntaxError),
    *(RecursionError, NotImplementedError, RuntimeError, KeyError),
)
"""What zipfile, zlib and numpy raise for a damaged file, a header's parser included."""


class NpzError(ValueError):
    """Why a file is not the wanted one, in words that follow "FILE cannot be read: "."""

    def __init__(self, why: str, missing: bool = False) -> None:
        super().__init__(why)
        self.missing = missing
        """Whether there is no such file."""


class ShapeError(NpzError):
    """An array of numbers, but of another shape than wanted."""

    def __init__(self, key: str, shape: tuple[int, ...], wanted: str) -> None:
        super().__init__(f"`{key}` is {list(shape)}; it must be {wanted}")
        self.key = key
        self.shape = shape


@dataclass(frozen=True)
class WantedArray:
    """An array that the file must hold. `shape` says how long each axis may be."""

    shape: tuple[Collection[int], ...]
    words: str
    """The shape in words: "[frames, 60, 2]"."""
    optional: bool = False

    @property
    def most(self) -> int:
        """Bytes that it can have at most."""
        return math.prod(max(axis) for axis in self.shape) * _WIDEST


def read_npz(
    path: Path, wanted: Mapping[str, WantedArray], known: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """The wanted arrays of an .npz, in native byte order; optional ones that are not there left
    out.

    `known` are names of arrays that may lie beside them and are not read. Raises ShapeError for
    an array of another shape, NpzError naming the array for everything else, and PermissionError
    as it comes.
    """
    most = sum(item.most for item in wanted.values())
    try:
        size = measure_file(path)
    except UnreadableError as error:
        raise NpzError(str(error), error.missing) from None
    # Arrays that are only known are not longer than a few of the wanted ones.
    if size > most * (1 + len(known)) + _OVERHEAD:
        raise NpzError(f"it is larger ({size >> 20} MiB) than what is wanted of it can be")
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return _read(archive, wanted, known)
    except (NpzError, PermissionError):  # a closed file is no damaged one: rights are to be mended
        raise
    except _DAMAGE as error:
        raise NpzError(f"it is no .npz, or damaged ({words_of(error)})") from None


def _read(
    archive: zipfile.ZipFile, wanted: Mapping[str, WantedArray], known: Collection[str]
) -> dict[str, NDArray[Any]]:
    entries = archive.infolist()
    names = [entry.filename.removesuffix(".npy") for entry in entries]
    if len(entries) > _ENTRIES or len(set(names)) != len(names):
        raise NpzError("it holds more arrays than are wanted, or one twice")
    needed = [key for key, item in wanted.items() if not item.optional]
    missing = [key for key in needed if key not in names]
    if missing:
        raise NpzError(f"it has no `{missing[0]}`, only {listed(names) or 'nothing'}")
    strange = [name for name in names if name not in wanted and name not in known]
    if strange:
        raise NpzError(
            f"it holds {listed(strange)}, which nothing here reads; it may hold "
            f"{listed([*wanted, *known])}"
        )
    found = dict(zip(names, entries, strict=True))
    most = max((item.most for item in wanted.values()), default=0) + _OVERHEAD
    for name in (name for name in names if name not in wanted):
        _check_whole(archive, found[name], name, most)
    return {
        key: _read_array(archive, found[key], key, item)
        for key, item in wanted.items()
        if key in found
    }


def _check_whole(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, key: str, most: int) -> None:
    """Read an array that nobody wants here: a file with one damaged array is a damaged file."""
    if entry.file_size > most * 2:
        raise NpzError(f"`{key}` is larger than what lies beside it")
    try:
        with archive.open(entry) as stream:
            while stream.read(1 << 20):
                pass
    except _DAMAGE as error:
        raise NpzError(f"`{key}` is damaged ({words_of(error)})") from None


def _read_array(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, key: str, wanted: WantedArray
) -> NDArray[Any]:
    if entry.flag_bits & 1:
        raise NpzError(f"`{key}` is encrypted")
    if entry.compress_type not in _PACKED:
        raise NpzError(f"`{key}` is packed in a way that .npz files are not")
    try:
        with archive.open(entry) as stream:
            shape, turned, dtype, start = _read_header(stream)
            if dtype.kind not in _KINDS or dtype.itemsize > _WIDEST or dtype.names is not None:
                raise NpzError(f"`{key}` holds no plain numbers but {dtype.name}")
            fits = len(shape) == len(wanted.shape) and all(
                length in axis for length, axis in zip(shape, wanted.shape, strict=True)
            )
            if not fits:
                raise ShapeError(key, shape, wanted.words)
            length = math.prod(shape) * dtype.itemsize
            if entry.file_size != start + length:
                raise NpzError(f"`{key}` is longer or shorter than its own header says")
            # One byte more than there is: only at the end is the checksum looked at.
            data = stream.read(length + 1)
    except NpzError:
        raise
    except _DAMAGE as error:
        raise NpzError(f"`{key}` is damaged ({words_of(error)})") from None
    if len(data) != length:
        raise NpzError(f"`{key}` is cut off")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if turned else "C")
    return np.array(array, dtype.newbyteorder("="), order="C")


def _read_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """(shape, whether columns come first, kind, bytes before the data) of a .npy."""
    version = _NPY.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError("its header has an unknown version")
    size = _exactly(stream, 2 if version == (1, 0) else 4)
    length = int.from_bytes(size, "little")
    if length > _HEADER:
        raise ValueError(f"its header has {length} bytes")
    header = io.BytesIO(size + _exactly(stream, length))
    read = _NPY.read_array_header_1_0 if version == (1, 0) else _NPY.read_array_header_2_0
    try:
        shape, turned, dtype = read(header, max_header_size=_HEADER)
    except (*_DAMAGE, MemoryError):
        # The parser runs out of memory, too, on text that is nested too deep.
        raise ValueError("its header is not one that numpy writes") from None
    if any(isinstance(side, bool) or not isinstance(side, int) or side < 0 for side in shape):
        raise ValueError(f"its shape is {shape}")
    return shape, turned, dtype, 8 + len(size) + length


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError("it ends in its header")
    return data
