"""Everything that is said while a job runs, in one file: ours, libraries' and C code's."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mf_backend.contracts.disk.links import NO_LINK
from mf_backend.contracts.files import output_error

_BLOCK = 1 << 16


@contextmanager
def capture_output(log: Path, echo: bool) -> Iterator[int]:
    """Send file descriptors 1 and 2 to `log` (appended) while the block runs.

    Pointing the descriptors at the file itself, not at a pipe, keeps the last words of a process
    that crashes, and cannot block. `echo` also copies them to the former stderr. Yields a
    descriptor of the former stderr. Raises OutputError where the log cannot be opened.
    """
    try:
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_LINK, 0o666)
    except OSError as error:
        raise output_error(log, error) from error
    start = os.fstat(target).st_size
    _flush()
    former_out, former_err = os.dup(1), os.dup(2)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)
    ended = threading.Event()
    copier = threading.Thread(
        target=_copy, args=(log, start, former_err, ended), name="log-echo", daemon=True
    )
    if echo:
        copier.start()
    try:
        yield former_err
    finally:
        _flush()
        os.dup2(former_out, 1)
        os.dup2(former_err, 2)
        os.close(former_out)
        ended.set()
        if echo:
            copier.join(1.0)
        # A reader of stderr that stopped reading leaves the copier waiting in a write: its
        # descriptor must then stay open.
        if not copier.is_alive():
            os.close(former_err)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()


def _copy(log: Path, start: int, to: int, ended: threading.Event) -> None:
    """Copy what is appended to `log` from byte `start` on, until `ended`."""
    with suppress(OSError), log.open("rb", buffering=0) as file:
        file.seek(start)
        while True:
            last = ended.wait(0.2)
            while data := file.read(_BLOCK):
                view = memoryview(data)
                while view:
                    view = view[os.write(to, view) :]
            if last:
                return
