"""What was found on single frames: as files, from which a killed analysis goes on, or in memory for
one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.store.folder import ActorFolder
from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz
from mf_backend.contracts.errors import OutputError
from mf_backend.contracts.files import atomic_path, output_error
from mf_backend.contracts.findings import EVERYBODY, Arrays
from mf_backend.jobs.analysis.ahead import Ahead

_PACKED = 1 << 20
"""Bytes of fractions from which on packing costs more time than it saves room."""
_IN_MEMORY = 64 << 20
"""Bytes that the findings of one run may hold."""


class DiskFindings:
    """Findings in a folder, one file for each kind and frame. See contracts.findings.

    A file's own checksums tell whether it is whole. `first` is the frame of the whole clip that
    frame 0 of the clip at hand is; files are named by the former, so that every range of the clip
    finds them.
    """

    def __init__(
        self,
        folder: Path,
        first: int,
        ahead: Ahead | None = None,
        beside: Sequence[Path] = (),
    ) -> None:
        """`beside` are folders of findings of the same clip for other people in it: who is there
        at all is taken from them."""
        self._folder, self._first, self._ahead = folder, first, ahead
        self._beside = tuple(beside)
        self._made: list[Path] = []

    def load(self, kind: str, frame: int, wanted: Mapping[str, WantedArray]) -> Arrays | None:
        """See Findings."""
        own = _read(self._path(kind, frame), wanted)
        if own is not None or not kind.startswith(EVERYBODY):
            return own
        for folder in self._beside:
            found = _read(self._path(kind, frame, folder), wanted)
            if found is not None:
                self.keep(kind, frame, found)
                return found
        return None

    def keep(self, kind: str, frame: int, arrays: Arrays) -> None:
        """See Findings."""
        path = self._path(kind, frame)
        fractions = sum(a.nbytes for a in arrays.values() if a.dtype.kind == "f")
        save = np.savez if fractions > _PACKED else np.savez_compressed
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(path, error) from error
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            save(file, **arrays)
        self._made.append(path)

    def forget(self, kind: str, frame: int) -> None:
        """See Findings."""
        self._path(kind, frame).unlink(missing_ok=True)

    def follow(self, joints: NDArray[np.float64]) -> None:
        """See Findings."""
        if self._ahead is not None:
            self._ahead.begin(joints, self)

    def forget_made(self) -> None:
        """Drop what was kept through this object: the clip was another in between."""
        for path in self._made:
            path.unlink(missing_ok=True)

    def _path(self, kind: str, frame: int, folder: Path | None = None) -> Path:
        return (folder or self._folder) / kind / f"frame_{self._first + frame:06d}.npz"


def _read(path: Path, wanted: Mapping[str, WantedArray]) -> Arrays | None:
    """What a file holds; None where it is missing or damaged."""
    try:
        return read_npz(path, wanted)
    except NpzError:
        return None


class OptionalFindings(DiskFindings):
    """Findings of an actor's folder that a job does without where they cannot be kept."""

    def __init__(self, actor: ActorFolder, first: int) -> None:
        super().__init__(actor.findings, first)
        self._actor = actor

    def keep(self, kind: str, frame: int, arrays: Arrays) -> None:
        """See Findings; nothing where the actor's folder is not there, or takes nothing."""
        # What cannot be kept is made again by the next take, which is all that is lost.
        with suppress(OutputError):
            if self._actor.path.is_dir():
                super().keep(kind, frame, arrays)


class RunFindings:
    """Findings in memory for one run of a job that has no actor's folder.

    Only what has a key is kept, for more than one stage asks for that (plates, widths), and nothing
    more beyond some memory.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], Arrays] = {}

    def load(self, kind: str, frame: int, wanted: Mapping[str, WantedArray]) -> Arrays | None:
        """See Findings. What was kept is what is wanted: no other version wrote it."""
        found = self._kept.get((kind, frame))
        return None if found is None else {name: value.copy() for name, value in found.items()}

    def keep(self, kind: str, frame: int, arrays: Arrays) -> None:
        """See Findings."""
        self.forget(kind, frame)
        if "key" not in arrays:
            return
        held = sum(value.nbytes for kept in self._kept.values() for value in kept.values())
        if held + sum(value.nbytes for value in arrays.values()) <= _IN_MEMORY:
            self._kept[kind, frame] = {name: value.copy() for name, value in arrays.items()}

    def forget(self, kind: str, frame: int) -> None:
        """See Findings."""
        self._kept.pop((kind, frame), None)

    def follow(self, joints: NDArray[np.float64]) -> None:
        """See Findings."""
