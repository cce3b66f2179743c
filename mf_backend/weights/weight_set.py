"""The imported set on disk: which files, from what, with which hashes. Loads nothing heavy."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from mf_backend.contracts.checks.build import Part, build, ruled
from mf_backend.contracts.checks.fields import Field, shown
from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.checks.rules import Choice, Named, Text, Whole
from mf_backend.contracts.errors import InputError, MissingComponentError
from mf_backend.contracts.files import hash_file, hash_value, write_json
from mf_backend.weights.catalog import IMPORT_HINT

INDEX_NAME = "weights.json"
MODEL_NAME = "model.json"
SCHEMA = 1
_SHA256 = Text(64, 64, pattern="[0-9a-f]{64}", meaning="64 digits of SHA-256 (0-9, a-f)")
_LARGEST_INDEX = 4 << 20
"""Bytes that `weights.json` may have."""


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
    TRAINED = "trained"
    """Learnt by `python -m mf_backend train`; `notes` tell from what."""


NEEDED = (Network.UNET, Network.POSE_CONTROLLER, Network.VAE, Network.IMAGE_ENCODER)


@dataclass(frozen=True)
class FileRecord:
    """One file: its SHA-256, bytes and, inside a set, number of tensors."""

    sha256: str = ruled(_SHA256)
    bytes: int = ruled(Whole(0, 2**62))
    tensors: int = ruled(Whole(0, 1_000_000), 0)


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


_FILE_NAME = Text(200, 1, pattern=r"[\w .-]*\w", meaning="a file's name without folders")
_LABEL = Text(200, 1)
_RECORD = Part(FileRecord)


@dataclass(frozen=True)
class _Index:
    """What stands in `weights.json` besides its schema."""

    kind: Kind = ruled(Choice.of(Kind))
    dtype: str = ruled(_LABEL)
    files: dict[str, FileRecord] = ruled(Named(_FILE_NAME, _RECORD))
    sources: dict[str, FileRecord] = ruled(Named(_LABEL, _RECORD), make=dict)
    notes: dict[str, str] = ruled(Named(_LABEL, Text(4000)), make=dict)


def is_set(folder: Path) -> bool:
    """Whether the folder holds an imported set (it may still be incomplete)."""
    return (folder / INDEX_NAME).is_file()


def open_set(folder: Path) -> WeightSet:
    """Read `weights.json`. MissingComponentError where there is none, InputError if damaged."""
    if not is_set(folder):
        raise MissingComponentError(
            "weights-missing", f"There are no imported weights in {folder}.", IMPORT_HINT
        )
    path, hint = folder / INDEX_NAME, "Import the weights again."
    try:
        raw = read_json(path, _LARGEST_INDEX)
    except ValueError as error:
        raise InputError("weights-damaged", f"{path} is damaged: {error}.", hint) from None
    schema = raw.get("schema", SCHEMA) if isinstance(raw, dict) else SCHEMA
    if schema != SCHEMA:
        raise InputError(
            "weights-schema",
            f"The weights in {folder} were written with schema {shown(schema)}; this version "
            f"reads {SCHEMA}.",
            "Import them again.",
        )
    index = build(_Index, raw, Field("", str(path), "weights-damaged", hint))
    return WeightSet(folder, index.kind, index.dtype, index.files, index.sources, index.notes)


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
