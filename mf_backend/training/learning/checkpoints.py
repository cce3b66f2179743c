"""Where a run stands, on disk: whole or not at all, the last few of them."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import atomic_path
from mf_backend.training.recipe import Stage

_FORMAT = "motionfollower-training-1"
UNREADABLE = (
    *(OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError),
    pickle.UnpicklingError,
)
_NAME = re.compile(r"checkpoint-(\d{10})\.pt")


@dataclass(frozen=True)
class Checkpoint:
    """`total` steps of all stages are done, `step` of them in `stage`."""

    total: int
    stage: Stage
    step: int
    networks: dict[str, dict[str, Tensor]]
    average: dict[str, Tensor]
    optimizer: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run. `key` is what they belong to: its recipe, networks and shots."""

    def __init__(self, folder: Path, key: str, kept: int) -> None:
        self.folder, self._key, self._kept = folder, key, kept

    def save(self, point: Checkpoint) -> Path:
        """Write it beside the others, then let the oldest go. Raises OutputError (disk full)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"checkpoint-{point.total:010d}.pt"
        values = {
            "format": _FORMAT,
            "key": self._key,
            "total": point.total,
            "stage": point.stage.value,
            "step": point.step,
            "networks": point.networks,
            "average": point.average,
            "optimizer": point.optimizer,
        }
        with atomic_path(path) as temporary:
            _write(values, temporary)
        for old in self.paths()[: -self._kept]:
            old.unlink(missing_ok=True)
        return path

    def paths(self) -> list[Path]:
        """Those that are there, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def load(self, warn: Callable[[str, str], None]) -> Checkpoint | None:
        """The newest that can be read; None where there is none.

        Raises InputError where it belongs to another recipe, other networks or other shots.
        """
        for path in reversed(self.paths()):
            try:
                key, point = read_checkpoint(path)
            except UNREADABLE as error:
                reason = " ".join(str(error).split())[:200]
                warn(
                    "train-checkpoint", f"{path.name} cannot be read ({reason}); an older is used."
                )
                continue
            if key != self._key:
                raise InputError(
                    "train-other-run",
                    f"{path} was made with another recipe, other networks or other shots.",
                    "Give the same again, or begin a new run in another folder.",
                )
            return point
        return None


def read_checkpoint(path: Path) -> tuple[str, Checkpoint]:
    """The key of a checkpoint's run, and where it stood. Raises one of UNREADABLE."""
    values = torch.load(path, map_location="cpu", weights_only=True)
    if values["format"] != _FORMAT:
        raise ValueError("another kind of file")
    names = ("networks", "average", "optimizer")
    return values["key"], Checkpoint(
        values["total"], Stage(values["stage"]), values["step"], *(values[name] for name in names)
    )


def _write(values: dict[str, Any], path: Path) -> None:
    """As torch.save, but a full disk stays an OSError, and the bytes are on the disk at the end."""
    with path.open("wb") as file:
        try:
            torch.save(values, file)
        except RuntimeError as error:
            # The zip writer complains of what it could not end; what the disk said is its cause.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise
        file.flush()
        os.fsync(file.fileno())
