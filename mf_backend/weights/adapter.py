"""An adapter on disk: what was learnt of one clip beside a set of weights, in one small file.

The file is safetensors; its header says, as JSON under one name, which set and which clip it is
for. `read_about` and `check_adapter` load nothing heavy.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mf_backend.contracts.checks.build import build, ruled
from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.json_text import parse_json
from mf_backend.contracts.checks.rules import Number, Text, Whole
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_value, write_bytes
from mf_backend.models.config import ModelConfig
from mf_backend.weights.weight_set import WeightSet

if TYPE_CHECKING:
    from torch import Tensor

    from mf_backend.models.model_set import ModelSet

_KEY = "motionfollower-adapter"
_LARGEST_HEADER = 8 << 20
_SHA256 = Text(64, pattern="[0-9a-f]{64}", meaning="64 digits of SHA-256 (0-9, a-f), or empty")
_DECIBELS = Number(-1000, 1000)
_HINT = "Tune to the footage again, or leave the adapter out."


@dataclass(frozen=True)
class AdapterAbout:
    """What an adapter is for, and how it was learnt."""

    weights: str = ruled(_SHA256)
    """Fingerprint of the set that it stands beside."""
    networks: str = ruled(_SHA256)
    """Hash of that set's sizes."""
    clip: str = ruled(_SHA256)
    """SHA-256 of the clip that it knows; empty: not known."""
    name: str = ruled(Text(1000), "")
    """What the clip was called."""
    rank: int = ruled(Whole(1, 4096), 8)
    steps: int = ruled(Whole(0, 100_000_000), 0)
    frames: int = ruled(Whole(0, 10_000_000), 0)
    """Frames that were learnt from."""
    kept_out: int = ruled(Whole(0, 10_000_000), 0)
    """Frames that were not, on which it was measured."""
    before: float = ruled(_DECIBELS, 0.0)
    """Mean PSNR inside the actor of the frames that were kept out, without the adapter, in dB."""
    after: float = ruled(_DECIBELS, 0.0)
    """The same with it."""


def sizes_hash(config: ModelConfig) -> str:
    """What two sets of networks of the same sizes have in common."""
    return hash_value(config.to_dict())


def write_adapter(path: Path, about: AdapterAbout, tensors: Mapping[str, Tensor]) -> None:
    """Write an adapter in float16, whole or not at all. Raises OutputError (disk full)."""
    import torch
    from safetensors.torch import save

    stored = {name: value.detach().to("cpu", torch.float16) for name, value in tensors.items()}
    data = save({k: v.contiguous() for k, v in stored.items()}, {_KEY: json.dumps(asdict(about))})
    write_bytes(path, data)


def read_about(path: Path) -> AdapterAbout:
    """What an adapter says of itself. Raises InputError where the file is none."""
    try:
        with path.open("rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            if length > _LARGEST_HEADER:
                raise ValueError("its header is too long")
            header: Any = parse_json(file.read(length))
            value = parse_json(header["__metadata__"][_KEY].encode())
    except FileNotFoundError:
        raise InputError("adapter-missing", f"There is no adapter {path}.", _HINT) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        why = "it does not say what it is for" if isinstance(error, KeyError) else str(error)
        raise InputError("adapter-damaged", f"{path} is no adapter: {why}.", _HINT) from None
    return build(AdapterAbout, value, Field("", str(path), "adapter-damaged", _HINT))


def check_adapter(path: Path, weights: WeightSet, config: ModelConfig) -> AdapterAbout:
    """What an adapter says, where it belongs to a set. Raises InputError where it does not."""
    about = read_about(path)
    if about.networks != sizes_hash(config):
        raise InputError(
            "adapter-other-width",
            f"{path} was learnt beside networks of another width than those in {weights.folder}.",
            _HINT,
        )
    if about.weights != weights.fingerprint:
        raise InputError(
            "adapter-other-set",
            f"{path} was learnt beside other weights than those in {weights.folder}.",
            _HINT,
        )
    return about


def check_clip(path: Path, sha256: str) -> None:
    """Raise InputError where an adapter was learnt from another clip than the one of this hash."""
    about = read_about(path)
    if about.clip and about.clip != sha256:
        raise InputError(
            "adapter-other-clip",
            f"{path} was learnt from other footage ({about.name}).",
            "Tune to this footage, or leave the adapter out.",
        )


def merge_adapter(path: Path, models: ModelSet) -> None:
    """Add an adapter that `check_adapter` let pass into the weights of its networks.

    Raises InputError where its tensors are damaged.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from mf_backend.models.low_rank import merge, shapes

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError("adapter-damaged", f"{path} is damaged: {error}.", _HINT) from None
    wanted = shapes(models, read_about(path).rank)
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    whole = all(bool(torch.isfinite(value).all()) for value in tensors.values())
    if found != wanted or not whole:
        raise InputError(
            "adapter-damaged",
            f"{path} does not hold the layers of its networks, or values that are no numbers.",
            _HINT,
        )
    merge(models, tensors)
