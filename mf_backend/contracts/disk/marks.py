"""Size and hash of a file: what tells a result from one that was cut, emptied or changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_file


@dataclass(frozen=True)
class FileMark:
    """A file's bytes, in short."""

    size: int
    sha256: str

    @staticmethod
    def of_bytes(data: bytes) -> FileMark:
        """The mark of a file that holds `data`."""
        return FileMark(len(data), hashlib.sha256(data).hexdigest())

    @staticmethod
    def of(path: Path) -> FileMark | None:
        """The mark of a file as it is now; None where no plain file can be read."""
        try:
            return FileMark(path.stat().st_size, hash_file(path))
        except (OSError, InputError):
            return None

    def fits(self, path: Path) -> bool:
        """Whether the file is the one that was marked. Its date says nothing, so it is read."""
        try:
            return path.stat().st_size == self.size and FileMark.of(path) == self
        except OSError:
            return False

    def plain(self) -> list[Any]:
        """As records hold it."""
        return [self.size, self.sha256]

    @staticmethod
    def read(value: Any) -> FileMark:
        """What `plain` gave. Raises ValueError for anything else."""
        match value:
            case [int(size), str(sha256)] if len(sha256) == 64:
                return FileMark(size, sha256)
        raise ValueError(f"no mark of a file: {value!r}")
