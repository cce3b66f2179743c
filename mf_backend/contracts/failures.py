"""Turns whatever went wrong into one error meant for a person."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from mf_backend.contracts.errors import (
    CancelledError,
    ExitCode,
    InputError,
    MemoryShortError,
    MFError,
    MissingComponentError,
    OutputError,
)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}
_MEMORY_WORDS = (
    *("out of memory", "insufficient memory", "failed to allocate", "can't allocate"),
    *("cannot allocate memory", "failed to map segment", "bad_alloc", "can't start new thread"),
)
_FULL_WORDS = ("no space left on device", "os error 28", "disk quota exceeded")
"""Libraries in other languages hand these on as text."""
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


def _is_full(error: BaseException) -> bool:
    """Whether an error says that a disk is full."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return not isinstance(error, MFError) and _says(error, _FULL_WORDS)


def _is_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out."""
    if isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno == errno.ENOMEM
    ):
        return True
    return not isinstance(error, MFError) and _says(error, _MEMORY_WORDS)


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(word in text for word in words)


def _wrong_name(error: OSError) -> MFError | None:
    """The error for a path that was given and cannot be used for reading."""
    if error.errno == errno.ENAMETOOLONG:
        name = str(error.filename or "")
        return InputError(
            "name-too-long",
            f"A name is too long for this system: {name[:60]}… ({len(name)} characters).",
            "Choose a shorter name.",
        )
    if error.errno not in (errno.EACCES, errno.EPERM) or not isinstance(error.filename, str):
        return None
    path = Path(error.filename)
    if not _is_closed(path):
        return None
    return InputError(
        "not-readable",
        f"{path} may not be read.",
        "Choose something else, or allow yourself to read it.",
    )


def _is_closed(path: Path) -> bool:
    """Whether something is there, or behind a folder, that this process may not read."""
    if os.path.lexists(path):
        return not os.access(path, os.R_OK)
    seen = next((str(folder) for folder in path.parents if os.path.isdir(folder)), None)  # noqa: PTH112 - Path's raises where it may not look
    return seen is not None and not os.access(seen, os.X_OK)


NO_USE = "Trying again is of no use until that is changed."
"""For farm engines, which try again what failed."""
_MAY_PASS = frozenset({"input-changed", "not-conditioned"})


def is_lasting(error: MFError) -> bool:
    """Whether the same work would fail with the same error again, whoever tried it when."""
    lasting = error.exit_code in (ExitCode.INPUT, ExitCode.MISSING)
    return lasting and error.code not in _MAY_PASS


def describe(error: BaseException, doing: str = "", log: Path | None = None) -> MFError:
    """The MFError for any exception; `doing` names the stage, `log` is where more can be read.

    Errors that are meant for a person pass unchanged, unless a full disk or a lack of memory lies
    behind them.
    """
    stage = f" during {doing!r}" if doing else ""
    for link in _chain(error):
        if _is_full(link) and not isinstance(error, OutputError):
            where = _where(link) if isinstance(link, OSError) else " a file"
            return OutputError(
                "disk-full", f"The disk is full:{where} could not be written.", _DISK_HINT
            )
        if _is_memory(link) and not isinstance(error, MemoryShortError | CancelledError):
            return MemoryShortError("memory", f"Memory ran out{stage}.", _MEMORY_HINT)
    if isinstance(error, MFError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return CancelledError()
    text = " ".join(str(error).split()) or type(error).__name__
    # A missing module of our own is a fault in the installation, not a library to get.
    if isinstance(error, ImportError) and not (error.name or "").startswith("mf_backend"):
        name = error.name or text
        absent = isinstance(error, ModuleNotFoundError)
        return MissingComponentError(
            "library-missing" if absent else "library-broken",
            f"The backend's Python lacks {name}, which{stage or ' this'} needs."
            if absent
            else f"The backend's Python cannot load {name}{stage}: {text[:300].rstrip('.')}.",
            "Press Repair in the add-on's preferences; `python -m mf_backend doctor` lists what "
            "is missing.",
        )
    if isinstance(error, OSError) and (wrong := _wrong_name(error)) is not None:
        return wrong
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return MFError(
            "too-many-files",
            f"The system lets this process open too few files{stage}.",
            "Raise that limit (ulimit -n), and start again; what was finished is kept.",
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
