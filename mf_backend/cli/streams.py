"""Keeping stdout for results: whatever else prints goes to stderr."""

from __future__ import annotations

import io
import os
import sys
from typing import BinaryIO


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
    raw = io.FileIO(ours, "wb", closefd=True)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
