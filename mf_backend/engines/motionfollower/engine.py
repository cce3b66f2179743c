"""The engine itself: prepare, denoise with checkpoints, decode and composite."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mf_backend.contracts.errors import CancelledError, InputError
from mf_backend.contracts.files import hash_file, hash_value
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Sampler, Settings
from mf_backend.contracts.tables import Missing
from mf_backend.engines.base import EngineJob, MemoryNeed, refuse_missing
from mf_backend.engines.preview.engine import PreviewEngine
from mf_backend.models.config import ModelConfig
from mf_backend.weights.adapter import check_adapter
from mf_backend.weights.catalog import IMPORT_HINT
from mf_backend.weights.folder import weights_folder
from mf_backend.weights.weight_set import lacking, open_set

if TYPE_CHECKING:
    from mf_backend.engines.motionfollower.render import Run

_VERSION = "2"
"""Goes up whenever the same conditions and settings give other pixels."""
_DETAIL = "1"
"""The same for how the detail of the pictures to start from is kept."""
_LIBRARIES = ("torch", "diffusers", "transformers", "safetensors", "PIL", "cv2")


class MotionFollowerEngine:
    """MotionFollower: the actor re-drawn in the new motion by a diffusion model."""

    name = "motionfollower"
    label = "MotionFollower (diffusion, GPU)"
    seconds_a_frame = 15.0

    def set_folder(self, settings: Settings) -> Path:
        """Where the weights that it paints with are."""
        return weights_folder(settings.weights)

    def missing(self, settings: Settings) -> list[Missing]:
        """Libraries and weights that are not here; imports nothing and reads no weights."""
        absent = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
        found = [
            Missing(f"the library {name}", "Install the backend's packages: dev.py test.")
            for name in absent
        ]
        folder = self.set_folder(settings)
        try:
            files = lacking(folder, released=settings.sampler is Sampler.RELEASED)
        except InputError as error:
            return [*found, Missing(f"readable weights in {folder}", str(error))]
        if files:
            found.append(Missing(f"{', '.join(files)} in {folder}", IMPORT_HINT))
        return found

    def fingerprint(self, settings: Settings) -> dict[str, str]:
        """What changes the frames besides the conditions. Raises InputError for wrong settings."""
        from mf_backend.contracts.machine.devices import choose_device
        from mf_backend.engines.motionfollower.options import check_memory, sampler_options
        from mf_backend.weights.loading import check_headers

        folder = self.set_folder(settings)
        weights = open_set(folder)
        config = ModelConfig.from_folder(folder)
        check_headers(folder)
        learnt: dict[str, str] = {}
        if settings.adapter:
            check_adapter(Path(settings.adapter), weights, config)
            learnt["adapter"] = hash_file(Path(settings.adapter))
        # Another preset gives the same frames, so it is only checked.
        check_memory(settings.memory)
        options = sampler_options(settings, config)
        device = choose_device(settings.device)
        arithmetic = f"{device.device.type} {device.dtype}"
        if settings.compile:
            from mf_backend.models.compiling import cannot_compile

            # Compiled layers round otherwise; half-finished frames of both must not mix.
            arithmetic += "" if cannot_compile(device.device) else " compiled"
        told = {k: str(v) for k, v in dataclasses.asdict(options).items()}
        started: dict[str, str] = {}
        if options.start_strength == 1:
            # Frames from before there was this option came from noise, too.
            del told["start_strength"]
        else:
            started["start"] = hash_value([_DETAIL, PreviewEngine().fingerprint(settings)])
        return {
            "engine": self.name,
            "version": _VERSION,
            "options": hash_value(told),
            "weights": weights.fingerprint,
            "arithmetic": arithmetic,
            **started,
            **learnt,
        }

    def memory_need(self, settings: Settings, size: tuple[int, int], count: int) -> MemoryNeed:
        """See Engine; imports torch."""
        from mf_backend.engines.motionfollower.memory.need import memory_need

        return memory_need(settings, self.set_folder(settings), size, count)

    def render(
        self, job: EngineJob, indices: Sequence[int], reporter: Reporter
    ) -> Iterator[tuple[int, Picture]]:
        """Yield (index, frame) for each of `indices`; the denoising before the first is kept.

        Everything that can be wrong with the input is found before the networks are loaded.
        """
        refuse_missing(self, job.settings, "weights-missing")
        if not indices:
            return
        from mf_backend.engines.motionfollower.render import Run

        folder = self.set_folder(job.settings)
        run = Run.open(job, folder, self.fingerprint(job.settings), reporter)
        yield from self._frames(run, indices)

    def _frames(self, run: Run, indices: Sequence[int]) -> Iterator[tuple[int, Picture]]:
        try:
            latents = run.denoise(len(indices))
            yield from run.decode(latents, indices)
        except CancelledError:
            run.keep()
            raise
        finally:
            run.close()
