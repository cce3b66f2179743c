"""The imported set on disk: which files, from what, with which hashes. Loads nothing heavy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError, MissingComponentError
from mf_backend.contracts.files import hash_file, hash_value, write_json
from mf_backend.weights.catalog import IMPORT_HINT

INDEX_NAME = "weights.json"
MODEL_NAME = "model.json"
SCHEMA = 1


class Network(StrEnum):
    """The networks of a set; the value is the file's stem."""

    UNET = "unet"
    POSE_CONTROLLER = "pose_controller"
    VAE = "vae"
    IMAGE_ENCODER = "image_encoder"
    ESTIMATOR = "estimator"
    """The released sampler's second network; the default sampler does without."""

    @property
    def file_name(self) -> str:
        """Name of the network's file in the set."""
        return f"{self.value}.safetensors"


class Kind(StrEnum):
    """Where a set came from."""

    PUBLISHED = "published"
    TINY = "tiny"
    """Random, for tests."""


NEEDED = (Network.UNET, Network.POSE_CONTROLLER, Network.VAE, Network.IMAGE_ENCODER)


@dataclass(frozen=True)
class FileRecord:
    """One file: its SHA-256, bytes and, inside a set, number of tensors."""

    sha256: str
    bytes: int
    tensors: int = 0


@dataclass(frozen=True)
class WeightSet:
    """What `weights.json` says."""

    folder: Path
    kind: Kind
    dtype: str
    files: dict[str, FileRecord]
    sources: dict[str, FileRecord] = field(default_factory=dict)
    """The published files it was made from, by file name; empty for the tiny set."""
    notes: dict[str, str] = field(default_factory=dict)

    def path(self, network: Network) -> Path:
        """The network's file. Raises MissingComponentError where the set has none."""
        path = self.folder / network.file_name
        if network.file_name not in self.files or not path.is_file():
            raise MissingComponentError(
                "weights-missing", f"{network.file_name} is not in {self.folder}.", IMPORT_HINT
            )
        return path

    def has(self, network: Network) -> bool:
        """Whether the network's file is listed and there."""
        return network.file_name in self.files and (self.folder / network.file_name).is_file()

    @property
    def fingerprint(self) -> str:
        """Hash over all files' hashes: the same set gives the same pictures."""
        return hash_value({name: item.sha256 for name, item in self.files.items()})

    def write(self) -> None:
        """Write `weights.json` into the folder."""
        plain = asdict(self)
        plain.pop("folder")
        write_json(self.folder / INDEX_NAME, {"schema": SCHEMA, **plain})


def _records(raw: Any) -> dict[str, FileRecord]:
    return {
        str(name): FileRecord(str(item["sha256"]), int(item["bytes"]), int(item.get("tensors", 0)))
        for name, item in raw.items()
    }


def is_set(folder: Path) -> bool:
    """Whether the folder holds an imported set (it may still be incomplete)."""
    return (folder / INDEX_NAME).is_file()


def open_set(folder: Path) -> WeightSet:
    """Read `weights.json`. MissingComponentError where there is none, InputError if damaged."""
    if not is_set(folder):
        raise MissingComponentError(
            "weights-missing", f"There are no imported weights in {folder}.", IMPORT_HINT
        )
    try:
        raw = json.loads((folder / INDEX_NAME).read_text(encoding="utf-8"))
        if raw["schema"] != SCHEMA:
            raise InputError(
                "weights-schema",
                f"The weights in {folder} were written with schema {raw['schema']}; this "
                f"version reads {SCHEMA}.",
                "Import them again.",
            )
        return WeightSet(
            folder=folder,
            kind=Kind(raw["kind"]),
            dtype=str(raw["dtype"]),
            files=_records(raw["files"]),
            sources=_records(raw.get("sources", {})),
            notes={str(k): str(v) for k, v in raw.get("notes", {}).items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "weights-damaged",
            f"{folder / INDEX_NAME} is damaged: {error}.",
            "Import the weights again.",
        ) from error


def lacking(folder: Path, released: bool = False) -> list[str]:
    """Names of what the set in `folder` lacks, judged by presence and size only; cheap."""
    if not is_set(folder):
        return [INDEX_NAME]
    found = open_set(folder)
    wanted = [*NEEDED, *([Network.ESTIMATOR] if released else [])]
    names = [network.file_name for network in wanted]
    return [
        name
        for name in [MODEL_NAME, *names]
        if name not in found.files
        or not (folder / name).is_file()
        or (folder / name).stat().st_size != found.files[name].bytes
    ]


def verify(folder: Path) -> dict[str, str]:
    """Compare every file of the set with its record: name -> "ok", "missing" or "changed".

    Reads every byte. Raises as `open_set` does.
    """
    results: dict[str, str] = {}
    for name, record in open_set(folder).files.items():
        path = folder / name
        if not path.is_file():
            results[name] = "missing"
        elif path.stat().st_size != record.bytes or hash_file(path) != record.sha256:
            results[name] = "changed"
        else:
            results[name] = "ok"
    return results


def record_of(path: Path, tensors: int = 0) -> FileRecord:
    """Hash and measure a file."""
    return FileRecord(hash_file(path), path.stat().st_size, tensors)
