"""Writing a set of weights: a whole folder that appears at once, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from mf_backend.contracts.errors import InputError, OutputError
from mf_backend.contracts.files import output_error, part_name, part_rest, write_json
from mf_backend.models.config import ModelConfig
from mf_backend.weights.weight_set import (
    MODEL_NAME,
    FileRecord,
    Kind,
    Network,
    WeightSet,
    is_set,
    record_of,
)

_OLD = "-old"


def check_target(folder: Path, replace_set: bool) -> None:
    """Refuse a folder that holds anything else, or a set that may not be replaced."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError("weights-target", f"{folder} is a file; choose a folder.")
    if is_set(folder):
        if not replace_set:
            raise InputError(
                "weights-exist",
                f"{folder} already holds other weights.",
                "Choose to replace what is there (--replace), or another folder.",
            )
    elif any(folder.iterdir()):
        raise InputError(
            "weights-target",
            f"{folder} holds other files.",
            "Choose a new or empty folder for the imported weights.",
        )


@dataclass(frozen=True)
class NewSet:
    """What a set is written from."""

    tensors: Mapping[Network, Mapping[str, Tensor]]
    config: ModelConfig
    kind: Kind
    dtype: torch.dtype | None
    """What floating-point tensors are stored in; None keeps theirs."""
    sources: Mapping[str, FileRecord] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def write_set(folder: Path, new: NewSet, replace_set: bool = False) -> WeightSet:
    """Write every network, `model.json` and `weights.json` beside `folder`, then move into place.

    An existing set is removed only once the new one is in its place. Raises InputError where the
    folder may not be used and OutputError where the disk refuses; nothing is left behind then.
    """
    check_target(folder, replace_set)
    parent = folder.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _drop_stale(folder)
        _check_space(parent, new)
        temporary = parent / part_name(f"-{folder.name}")
        temporary.mkdir()
    except OSError as error:
        raise output_error(folder, error) from error
    try:
        result = _fill(temporary, new)
        _put_in_place(temporary, folder)
    except (OSError, SafetensorError) as error:
        raise _write_error(folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return replace(result, folder=folder)


def _drop_stale(folder: Path) -> None:
    """Delete what a killed import of the same folder left; the former set only once there is a
    newer one."""
    for path in folder.parent.iterdir():
        rest = part_rest(path.name)
        if rest == f"-{folder.name}" or (rest == f"-{folder.name}{_OLD}" and is_set(folder)):
            shutil.rmtree(path, ignore_errors=True)


def _fill(folder: Path, new: NewSet) -> WeightSet:
    files: dict[str, FileRecord] = {}
    for network, values in new.tensors.items():
        path = folder / network.file_name
        save_file({name: _stored(tensor, new.dtype) for name, tensor in values.items()}, path)
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        files[path.name] = record_of(path, len(values))
    write_json(folder / MODEL_NAME, new.config.to_dict())
    files[MODEL_NAME] = record_of(folder / MODEL_NAME)
    stored = "as published" if new.dtype is None else str(new.dtype).removeprefix("torch.")
    result = WeightSet(folder, new.kind, stored, files, dict(new.sources), dict(new.notes))
    result.write()
    return result


def _stored(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    wanted = tensor.dtype if dtype is None or not tensor.is_floating_point() else dtype
    return tensor.detach().to(wanted).contiguous().clone()


def _check_space(parent: Path, new: NewSet) -> None:
    needed = sum(
        tensor.numel() * (new.dtype or tensor.dtype).itemsize
        for values in new.tensors.values()
        for tensor in values.values()
    )
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise OutputError(
            "disk-full",
            f"The weights take {needed / 2**30:.1f} GiB, and {parent} has {free / 2**30:.1f} left.",
            "Free some space or choose another folder.",
        )


def _put_in_place(temporary: Path, folder: Path) -> None:
    if not folder.exists():
        temporary.replace(folder)
        return
    if not is_set(folder):
        folder.rmdir()
        temporary.replace(folder)
        return
    old = folder.parent / part_name(f"-{folder.name}{_OLD}")
    old.mkdir(mode=0o700)
    folder.replace(old / "set")
    try:
        temporary.replace(folder)
    except OSError:
        (old / "set").replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write_error(folder: Path, error: OSError | SafetensorError) -> OutputError:
    if isinstance(error, OSError):
        return output_error(folder, error)
    full = "No space left" in str(error) or "os error 28" in str(error)
    return output_error(folder, OSError(errno.ENOSPC if full else errno.EIO, str(error)))
