"""The import: from the files as published to one set of safetensors files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from mf_backend.models.config import ModelConfig, from_published
from mf_backend.weights.importing.assembly import assemble
from mf_backend.weights.importing.checkpoint import read_tensors
from mf_backend.weights.importing.sources import Sources
from mf_backend.weights.store import NewSet, check_target, write_set
from mf_backend.weights.weight_set import (
    FileRecord,
    Kind,
    Network,
    WeightSet,
    is_set,
    open_set,
    record_of,
    verify,
)

DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "keep": None}


@dataclass(frozen=True)
class ImportOptions:
    """How to import. `dtype` is a key of DTYPES; the released code computes in float16."""

    dtype: str = "float16"
    released: bool = True
    """Also keep the released sampler's second network (as large as the UNet)."""
    allow_unexpected: bool = False
    replace: bool = False
    config: ModelConfig | None = None
    """Sizes of the networks; None: the published configurations and the full size."""


@dataclass(frozen=True)
class Imported:
    """The set, and whether anything had to be written."""

    weights: WeightSet
    changed: bool


def _config(sources: Sources) -> ModelConfig:
    return from_published(
        sources.base_unet.config,
        vae=sources.vae.config,
        image_encoder=sources.image_encoder.config,
        place=f"the config.json files beside {sources.base_unet.tensors.parent}",
    )


def import_set(
    sources: Sources,
    folder: Path,
    options: ImportOptions = ImportOptions(),
    say: Callable[[str], None] = lambda line: None,
) -> Imported:
    """Write the set made from `sources` to `folder`, or find that it is there already.

    Raises InputError naming whatever does not fit, and OutputError; the folder is then as before.
    """
    say("Hashing the published files")
    records: dict[str, FileRecord] = {
        label: record_of(path) for label, path in sources.files().items()
    }
    if _already(folder, records, options):
        return Imported(open_set(folder), changed=False)
    check_target(folder, options.replace)
    published = {}
    for label, path in sources.files().items():
        say(f"Reading {path.name} ({label})")
        published[label] = read_tensors(path)
    say("Checking every tensor")
    config = options.config or _config(sources)
    tensors = assemble(
        config,
        published,
        released=options.released,
        allow_unexpected=options.allow_unexpected,
    )
    say(f"Writing to {folder}")
    return Imported(
        write_set(
            folder,
            NewSet(
                tensors,
                config,
                Kind.PUBLISHED,
                DTYPES[options.dtype],
                sources=records,
                notes={"dtype": options.dtype},
            ),
            options.replace,
        ),
        changed=True,
    )


def _already(folder: Path, records: dict[str, FileRecord], options: ImportOptions) -> bool:
    """Whether the folder holds exactly what this import would write, undamaged."""
    if not is_set(folder):
        return False
    found = open_set(folder)
    return (
        found.sources == records
        and found.notes.get("dtype") == options.dtype
        and (Network.ESTIMATOR.file_name in found.files) == options.released
        and all(state == "ok" for state in verify(folder).values())
    )
