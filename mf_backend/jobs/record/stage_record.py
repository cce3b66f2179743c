"""The record of one stage: what its results were made from, and what they are.

One file a stage, `work/record/STAGE.json`, replaced whole. It carries a hash of itself, so that a
damaged one is not believed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.files import hash_value, write_json
from mf_backend.jobs.disk.folder import JobFolder

SCHEMA = 1


class DamagedRecordError(ValueError):
    """A record that is not what was written."""


@dataclass(frozen=True)
class StageFiles:
    """A stage that began or ended."""

    key: str
    """Hash of the inputs and settings that its results depend on."""
    earlier: str
    """Hash over the results of all earlier stages that it worked from."""
    files: Mapping[str, FileMark | None] = field(default_factory=dict)
    """Its files by path inside the job folder; None while it is not known what they will be."""
    finished: bool = False

    @property
    def made_from(self) -> str:
        """One hash for everything that the results depend on."""
        return hash_value([self.key, self.earlier])

    @property
    def digest(self) -> str:
        """Hash over the results."""
        return hash_value(_plain(self.files))


def _plain(files: Mapping[str, FileMark | None]) -> dict[str, Any]:
    return {name: mark.plain() if mark else None for name, mark in files.items()}


def record_path(job: JobFolder, stage: str) -> Path:
    """The record of one stage."""
    return job.record / f"{stage}.json"


def write_record(path: Path, record: StageFiles) -> None:
    """Replace a stage's record. Raises OutputError where the disk refuses."""
    value = {
        "schema": SCHEMA,
        "key": record.key,
        "earlier": record.earlier,
        "finished": record.finished,
        "files": _plain(record.files),
    }
    write_json(path, {**value, "sha256": hash_value(value)})


def read_record(path: Path) -> StageFiles | None:
    """A stage's record; None where there is none. Raises DamagedRecordError."""
    try:
        value = json.loads(path.read_bytes())
        found = value.pop("sha256")
        if found != hash_value(value) or value["schema"] != SCHEMA:
            raise ValueError("another hash or schema")
        return StageFiles(
            key=str(value["key"]),
            earlier=str(value["earlier"]),
            files={
                str(name): None if mark is None else FileMark.read(mark)
                for name, mark in value["files"].items()
            },
            finished=value["finished"] is True,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedRecordError(f"{path.name} is damaged: {error}") from error
