"""Keeping stdout for results: whatever else prints goes to stderr. Streams that are closed, full or
gone never end in a traceback, nor in somebody's file."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, BinaryIO, TextIO

from mf_backend.contracts.errors import OutputError


class _Results(io.FileIO):
    """Stdout for results. Raises OutputError once where it takes no more; then it drops all."""

    _failed = False

    def write(self, data: Any) -> int:
        """Write, or say why not; a reader that went away is a BrokenPipeError as ever."""
        if self._failed:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._failed = True
            raise OutputError(
                "stdout-unwritable",
                f"The result could not be written to the standard output: {error.strerror}.",
                "Send the output somewhere else; what was made on disk is kept.",
            ) from None


class _Words(io.FileIO):
    """Stderr. Where it takes nothing, nobody is left to be told."""

    def write(self, data: Any) -> int:
        """Write what can be written."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _text(raw: io.FileIO) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )


def open_closed_streams() -> None:
    """Make sure that descriptors 0, 1 and 2 are open; else the next files opened would be taken for
    them, and what is printed would land in those."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is the one that is missing.
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    if sys.stdout is None:
        sys.stdout = _text(_Words(1, "wb", closefd=False))
    sys.stderr = _text(_Words(2, "wb", closefd=False))


def claim_stdout() -> BinaryIO:
    """Take file descriptor 1 for ourselves and point 1 at stderr, for C code and child processes.

    Python's own `print` goes to stderr too from now on. Returns the former stdout, unbuffered.
    """
    sys.stdout.flush()
    ours = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(ours, "wb", buffering=0)


def claim_stdin() -> BinaryIO:
    """Take file descriptor 0 for ourselves and leave nothing to read there for anybody else."""
    ours = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return os.fdopen(ours, "rb")


def reserve_stdout_for_results() -> None:
    """Let Python's `print` write to stdout, and everything below Python to stderr."""
    sys.stdout.flush()
    ours = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = _text(_Results(ours, "wb", closefd=True))
