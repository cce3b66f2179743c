"""Turns whatever went wrong into one error meant for a person."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from mf_backend.contracts.errors import (
    CancelledError,
    MemoryShortError,
    MFError,
    MissingComponentError,
    OutputError,
)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}
_MEMORY_WORDS = ("out of memory", "insufficient memory", "failed to allocate", "can't allocate")
_DISK_HINT = "Free some space and start the job again; finished stages are kept."
_MEMORY_HINT = (
    "Close other programs, or choose a smaller Memory preset or a smaller clip; what was finished "
    "is kept."
)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and what led to it, without going round in circles."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _where(error: OSError) -> str:
    """The file an OSError is about, as part of a sentence."""
    return f" {Path(str(error.filename)).name}" if error.filename else " a file"


def describe(error: BaseException, doing: str = "", log: Path | None = None) -> MFError:
    """The MFError for any exception; `doing` names the stage, `log` is where more can be read.

    Errors that are meant for a person pass unchanged, unless a full disk lies behind them.
    """
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno in _FULL and not isinstance(error, OutputError):
            return OutputError(
                "disk-full", f"The disk is full:{_where(link)} could not be written.", _DISK_HINT
            )
    if isinstance(error, MFError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return CancelledError()
    stage = f" during {doing!r}" if doing else ""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, MemoryError) or any(word in text.lower() for word in _MEMORY_WORDS):
        return MemoryShortError("memory", f"Memory ran out{stage}.", _MEMORY_HINT)
    # A missing module of our own is a fault in the installation, not a library to get.
    if isinstance(error, ImportError) and not (error.name or "").startswith("mf_backend"):
        name = error.name or text
        return MissingComponentError(
            "library-missing",
            f"The backend's Python lacks {name}, which{stage or ' this'} needs.",
            "Press Repair in the add-on's preferences; `python -m mf_backend doctor` lists what "
            "is missing.",
        )
    if isinstance(error, OSError) and error.errno in _REFUSED:
        return OutputError(
            "not-writable",
            f"The system did not allow access to{_where(error)}{stage}.",
            "Save the file in a folder that you may write to, or mend the folder's rights.",
        )
    return MFError(
        "internal",
        f"Something went wrong{stage}: {type(error).__name__}: {text[:300].rstrip('.')}.",
        f"Start it again; if it stays, report it with the log. It is {log}" if log else "",
    )
