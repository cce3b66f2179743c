"""The copy of result.mp4 at the place that the user chose: no file of anybody's is overwritten.

Which copies are ours is told by what was written, noted before it was: never by their names.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.errors import InputError, OutputError
from mf_backend.contracts.files import (
    check_place,
    output_error,
    part_name,
    part_rest,
    write_json,
)
from mf_backend.jobs.disk.folder import JobFolder

RENAMED = "copy-renamed"


@dataclass(frozen=True)
class _Copy:
    """One copy that was or will be made."""

    asked: str
    path: str
    mark: FileMark


class Copies:
    """The copies that a job made."""

    def __init__(self, job: JobFolder) -> None:
        self._job = job
        self._path = job.record / "copies.json"
        self._made, self._part = _read(self._path)

    def check(self, mp4: str) -> None:
        """Refuse a place where something else lies than a copy of this job's, or no file can."""
        path = Path(mp4)
        check_place(path)
        if not path.is_absolute():
            raise InputError("job-invalid", f"In job.json, output.mp4 must be absolute: {mp4!r}.")
        mark = FileMark.of(self._job.mp4)
        if not os.path.lexists(path) or self._placed(mp4, mark):
            return
        found = FileMark.of(path)
        if found is None or (found != mark and not self._ours(path, found)):
            raise OutputError(
                "output-exists",
                f"{path} already exists and is not overwritten.",
                "Choose another name, or move it away.",
            )

    def place(self, mp4: str, warn: Callable[[str, str], None]) -> Path:
        """Put a copy of result.mp4 at `mp4`, whole or not at all; returns where it is.

        Where something else has come to lie there, the copy gets a free name beside it, and a
        warning says which.
        """
        asked = Path(mp4)
        self._remove_part()
        mark = FileMark.of(self._job.mp4)
        if mark is None:
            raise OutputError("mp4-missing", f"{self._job.mp4} is gone; start the job again.")
        there = self._placed(mp4, mark)
        if there is not None:
            return there
        try:
            asked.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(asked, error) from error
        for path in _names(asked):
            self._note(_Copy(mp4, str(path), mark))
            if self._put(path, mark):
                break
        if path != asked:
            warn(
                RENAMED,
                f"{asked} was made by somebody else while the job ran, so the copy is {path}.",
            )
        return path

    def _placed(self, asked: str, mark: FileMark | None) -> Path | None:
        """Where a copy of the present mp4 for this name already is."""
        places = [Path(copy.path) for copy in self._made if copy.asked == asked]
        places.append(Path(asked))
        return next((path for path in places if mark is not None and mark.fits(path)), None)

    def _ours(self, path: Path, mark: FileMark) -> bool:
        return any(copy.path == str(path) and copy.mark == mark for copy in self._made)

    def _note(self, copy: _Copy) -> None:
        self._made = [*(c for c in self._made if c != copy), copy]
        self._part = Path(copy.path).with_name(part_name(Path(copy.path).suffix))
        copies = [[c.asked, c.path, *c.mark.plain()] for c in self._made]
        write_json(self._path, {"copies": copies, "part": str(self._part)})

    def _remove_part(self) -> None:
        """Delete what a killed run had written of a copy; only a name that we noted and marked."""
        if self._part is not None and part_rest(self._part.name) is not None:
            self._part.unlink(missing_ok=True)

    def _put(self, path: Path, mark: FileMark) -> bool:
        """Write the copy at `path` unless something that is not ours lies there."""
        if os.path.lexists(path) and not self._is_ours(path):
            return False
        part = self._part
        assert part is not None, "noted before"
        try:
            with part.open("xb") as file, self._job.mp4.open("rb") as source:
                shutil.copyfileobj(source, file)
                file.flush()
                os.fsync(file.fileno())
            if self._is_ours(path):
                part.replace(path)
                return True
            return _move_where_nothing_is(part, path)
        except OSError as error:
            raise output_error(path, error) from error
        finally:
            part.unlink(missing_ok=True)

    def _is_ours(self, path: Path) -> bool:
        """Whether a copy that this job made lies at `path`, as it was made."""
        found = FileMark.of(path)
        return found is not None and self._ours(path, found)


def _move_where_nothing_is(part: Path, path: Path) -> bool:
    """Give a file its name unless something else has it; the system decides, not a look before."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:
        # File systems without links: the name is taken by an empty file of ours first.
        try:
            path.open("xb").close()
        except FileExistsError:
            return False
        part.replace(path)
    return True


def _names(path: Path) -> itertools.chain[Path]:
    numbered = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in itertools.count(2))
    return itertools.chain([path], numbered)


def _read(path: Path) -> tuple[list[_Copy], Path | None]:
    """The copies noted so far and the file that one is written to first; none where the note is
    missing or damaged."""
    try:
        value: Any = json.loads(path.read_bytes())
        copies = [
            _Copy(str(asked), str(place), FileMark.read(mark))
            for asked, place, *mark in value["copies"]
        ]
        return copies, Path(value["part"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return [], None
