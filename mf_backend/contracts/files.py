"""Writing files so that a crash or a full disk never leaves half of one behind."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError, OutputError

_HASH_BLOCK = 1 << 20
_PART = ".mf-part-"
_PART_NAME = re.compile(re.escape(_PART) + r"([0-9a-f]{12})([0-9a-f]{8})(.*)", re.DOTALL)


def output_error(path: Path, error: OSError) -> OutputError:
    """One sentence for a failed write to `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            "disk-full",
            f"The disk is full: {path.name} could not be written to {path.parent}.",
            "Free some space and start the job again; finished stages are kept.",
        )
    return OutputError(
        "not-writable",
        f"{path} could not be written: {error.strerror or error}.",
        "Choose a folder that you may write to.",
    )


def part_name(rest: str = "") -> str:
    """A new hidden name for something that is being written; `rest` follows the mark.

    The second half of the mark is computed from the first, so that no name that a person chose is
    taken for one of ours.
    """
    token = secrets.token_hex(6)
    return f"{_PART}{token}{_part_check(token)}{rest}"


def _part_check(token: str) -> str:
    return hashlib.sha256(f"motionfollower part {token}".encode()).hexdigest()[:8]


def part_rest(name: str) -> str | None:
    """What follows the mark in a name that `part_name` made; None for every other name."""
    match = _PART_NAME.fullmatch(name)
    if match is None or match[2] != _part_check(match[1]):
        return None
    return match[3]


def check_place(path: Path) -> None:
    """Refuse a place for a file where nothing can be written, before there is anything to write.

    Makes nothing. Raises OutputError where the nearest folder that exists takes no files.
    """
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise output_error(path, NotADirectoryError(errno.ENOTDIR, f"{folder} is no folder"))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise output_error(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


@contextmanager
def atomic_path(path: Path, make_folder: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path` with the same ending; move it into place on success.

    For writers that open files by name. The temporary file is removed when the block raises.
    The file's own folder is made where it is missing, but none above it: what was moved away while
    it was written to must not rise again at its old place. Raises OutputError where the disk
    refuses.
    """
    temporary = path.with_name(part_name(path.suffix))
    try:
        if make_folder:
            path.parent.mkdir(exist_ok=True)
        # Made with the rights that any new file gets here; tempfile's are private.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        os.close(os.open(temporary, flags, 0o666))
    except OSError as error:
        raise output_error(path, error) from error
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _write(path: Path, write: Callable[[BinaryIO], object], make_folder: bool = True) -> None:
    with atomic_path(path, make_folder) as temporary, temporary.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` whole or not at all."""
    _write(path, lambda file: file.write(data))


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def write_json(path: Path, value: Any, make_folder: bool = True) -> None:
    """Write `value` as indented UTF-8 JSON, whole or not at all; see atomic_path."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    if not _is_utf8(text):
        # File names may be any bytes on Linux; escaped, they come back the same.
        text = json.dumps(value, indent=1)
    data = (text + "\n").encode("utf-8")
    _write(path, lambda file: file.write(data), make_folder)


def write_npz(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays as a compressed .npz, whole or not at all."""
    _write(path, lambda file: np.savez_compressed(file, **arrays))


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading; InputError where a pipe, a device or a folder lies there.

    Opening a pipe by name would wait for whoever writes to it. OSErrors pass.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError(
            "no-file",
            f"{path} is no plain file (a folder, a pipe or a device).",
            "Choose a file.",
        )
    return os.fdopen(handle, "rb")


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex. Raises InputError where it is no plain file."""
    digest = hashlib.sha256()
    with open_plain(path) as file:
        while block := file.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def hash_value(value: Any) -> str:
    """SHA-256 of a JSON-serialisable value in canonical form, as hex."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
