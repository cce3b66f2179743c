"""Reading a file that ought to be small: only regular files, never more than was allowed."""

from __future__ import annotations

import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnreadableError(ValueError):
    """Why a file cannot be read, in words that follow "cannot be read: "."""

    def __init__(self, why: str, missing: bool = False) -> None:
        super().__init__(why)
        self.missing = missing
        """Whether there is nothing at that place."""


def measure_file(path: Path) -> int:
    """Bytes of a regular file. Raises UnreadableError for anything else: opening it might hang."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UnreadableError("there is no such file", missing=True) from None
    except (OSError, ValueError) as error:
        raise UnreadableError(words_of(error)) from None
    for test, words in _KINDS:
        if test(found.st_mode):
            raise UnreadableError(f"it is {words}, not a file")
    return found.st_size


def read_small(path: Path, most: int) -> bytes:
    """A file's bytes. Raises UnreadableError where it is none, or holds more than `most` bytes."""
    if measure_file(path) > most:
        raise UnreadableError(f"it has more than {most >> 10} KiB")
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        raise UnreadableError(words_of(error)) from None
    if len(data) > most:
        raise UnreadableError(f"it has more than {most >> 10} KiB")
    return data


def words_of(error: Exception) -> str:
    """What a failed call to the system says, without the file's name and as part of a sentence."""
    text = (error.strerror if isinstance(error, OSError) else "") or str(error)
    text = " ".join(text.split()).rstrip(".")[:200] or type(error).__name__
    return text[:1].lower() + text[1:]
