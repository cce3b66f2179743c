"""Checkpoints of the sampler in the job's work folder, from which a killed job goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_file, hash_value
from mf_backend.engines.base import EngineJob

if TYPE_CHECKING:
    import torch

    from mf_backend.sampler.state import SamplerState

EVERY_SECONDS = 30.0
_STEM = "sampler-"


def job_key(job: EngineJob, more: Any) -> str:
    """Hash of everything that the latents depend on, so that no other job's state is used.

    `more` are JSON values: options, weights, window, device. The clip enters by its first, middle
    and last frame; its file was hashed when the job was opened.
    """
    conditions = job.conditions
    middle = job.clip.count // 2
    return hash_value(
        [
            more,
            job.clip.count,
            [_sum(job.clip.read(i)) for i in sorted({0, middle, job.clip.count - 1})],
            _sum(conditions.source_joints),
            _sum(conditions.target_joints),
            [
                hash_file(conditions.path(kind, index))
                for kind in ("source_masks", "target_masks")
                for index in range(conditions.count)
            ],
        ]
    )


def _sum(array: Any) -> str:
    import hashlib

    return hashlib.sha256(array.tobytes()).hexdigest()


class Checkpoints:
    """Saves states under one key, at most every `EVERY_SECONDS`; drops those of other keys."""

    def __init__(self, folder: Path, key: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = folder / f"{_STEM}{key[:24]}.safetensors"
        self._clock = clock
        self._saved = clock()

    def load(self, device: torch.device, warn: Callable[[str, str], None]) -> SamplerState | None:
        """The last state saved under this key; None, said to `warn`, where it is damaged."""
        from mf_backend.sampler.state import SamplerState

        if not self.path.is_file():
            return None
        try:
            return SamplerState.load(self.path, device)
        except InputError:
            # Written whole or not at all, so this one was damaged later; starting again is safe.
            warn(
                "checkpoint-damaged",
                f"What the denoising had kept in {self.path.name} was damaged; it starts again.",
            )
            return None

    def save(self, state: SamplerState) -> None:
        """Write the state now and drop those that belong to other settings."""
        state.save(self.path)
        self._saved = self._clock()
        for other in self.path.parent.glob(f"{_STEM}*.safetensors"):
            if other != self.path:
                other.unlink(missing_ok=True)

    def save_when_due(self, state: SamplerState) -> None:
        """Write the state if the last one is old."""
        if self._clock() - self._saved >= EVERY_SECONDS:
            self.save(state)
