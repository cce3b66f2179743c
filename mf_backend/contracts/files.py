"""Writing files so that a crash or a full disk never leaves half of one behind."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError, OutputError

_HASH_BLOCK = 1 << 20


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


@contextmanager
def atomic_path(path: Path, make_folder: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path` with the same ending; move it into place on success.

    For writers that open files by name. The temporary file is removed when the block raises.
    The file's own folder is made where it is missing, but none above it: what was moved away while
    it was written to must not rise again at its old place. Raises OutputError where the disk
    refuses.
    """
    try:
        if make_folder:
            path.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
        )
        os.close(handle)
    except OSError as error:
        raise output_error(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; results should be readable like any other file.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
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


def write_json(path: Path, value: Any, make_folder: bool = True) -> None:
    """Write `value` as indented UTF-8 JSON, whole or not at all; see atomic_path."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
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
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
