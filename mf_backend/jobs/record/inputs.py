"""Watching what a job works from: the clip and the user's files must stay what they were."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mf_backend.contracts.errors import InputError

_SHARE = 20
"""Looking at dates may take at most one part in this many of the time."""

Signature = tuple[tuple[str, int, int], ...]


class InputsChangedError(InputError):
    """Something that the job works from is another than when it began."""


@dataclass(frozen=True)
class _Watched:
    path: Path
    hash: Callable[[Path], str]
    found: str
    signature: Signature


def _signature(path: Path) -> Signature:
    """Name, size and date of a file, or of every file in a folder; empty where nothing is."""
    try:
        if not path.is_dir():
            about = path.stat()
            return ((path.name, about.st_size, about.st_mtime_ns),)
        files = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
        abouts = ((str(file), file.stat()) for file in files)
        return tuple(sorted((name, a.st_size, a.st_mtime_ns) for name, a in abouts))
    except OSError:
        return ()


class InputWatch:
    """The inputs of one run. Dates are looked at often, contents when a date is another."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._watched: dict[Path, _Watched] = {}
        self._clock = clock
        self._due = 0.0

    def add(self, path: Path, make: Callable[[Path], str], found: str) -> None:
        """Watch an input, whose hash by `make` was `found` just now."""
        self._watched[path] = _Watched(path, make, found, _signature(path))

    def check_often(self) -> None:
        """Like `check`, but not more often than costs little."""
        if self._clock() >= self._due:
            self.check()

    def check(self, whole: bool = False) -> None:
        """Raises InputsChangedError where an input changed; `whole` reads them all again."""
        began = self._clock()
        for item in list(self._watched.values()):
            signature = _signature(item.path)
            if whole or signature != item.signature:
                self._compare(item)
                self._watched[item.path] = _Watched(item.path, item.hash, item.found, signature)
        self._due = self._clock() + _SHARE * (self._clock() - began)

    @staticmethod
    def _compare(item: _Watched) -> None:
        try:
            now = item.hash(item.path)
        except (OSError, InputError) as error:
            raise _changed(item.path) from error
        if now != item.found:
            raise _changed(item.path)


def _changed(path: Path) -> InputsChangedError:
    return InputsChangedError(
        "input-changed",
        f"{path} changed while the job ran; nothing that was made from both is kept.",
        "Leave the file alone while the job runs, and start it again; if the clip is no longer "
        "the one that the job was made for, make a new job.",
    )
