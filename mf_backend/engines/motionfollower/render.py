"""One render: the networks on a device, the state of the denoising, the way back to frames."""

from __future__ import annotations

import gc
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from mf_backend.compositing.blend import composite, soft_union
from mf_backend.compositing.detail import with_detail
from mf_backend.compositing.underlay import open_underlay
from mf_backend.compositing.window import Window
from mf_backend.contracts.errors import InputError, MemoryShortError
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.machine.devices import Device, choose_device
from mf_backend.contracts.progress import PartOfStage, Reporter
from mf_backend.contracts.request import Sampler
from mf_backend.engines.base import EngineJob
from mf_backend.engines.motionfollower.checkpoints import Checkpoints, job_key
from mf_backend.engines.motionfollower.costs import RenderCosts, render_costs
from mf_backend.engines.motionfollower.inputs import check_job, sampler_inputs, window_for
from mf_backend.engines.motionfollower.memory.presets import (
    GIB,
    Preset,
    choose_preset,
    smaller_preset,
)
from mf_backend.engines.motionfollower.options import sampler_options
from mf_backend.engines.motionfollower.start import Drafts, begin, start_key
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.conditions import Conditions, prepare
from mf_backend.sampler.decode import decode_latent, recode
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.sampler.loop import run as denoise
from mf_backend.sampler.memory import resident
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.state import SamplerState
from mf_backend.sampler.units import Progress
from mf_backend.sampler.windows import plan_windows
from mf_backend.weights.adapter import merge_adapter
from mf_backend.weights.loading import load_config, load_models
from mf_backend.weights.weight_set import Kind, open_set

_log = logging.getLogger(__name__)


@dataclass
class Run:
    """A render in progress. `state` is None until the denoising begins."""

    job: EngineJob
    weights: Path
    """Folder of the set."""
    reporter: Reporter
    options: SamplerOptions
    device: Device
    preset: Preset
    window: Window
    inputs: SamplerInputs
    checkpoints: Checkpoints
    drafts: Drafts
    state: SamplerState | None = None
    _models: ModelSet | None = field(default=None, repr=False)
    _conditions: Conditions | None = field(default=None, repr=False)
    _costs: RenderCosts | None = None

    @staticmethod
    def open(
        job: EngineJob, weights: Path, fingerprint: Mapping[str, str], reporter: Reporter
    ) -> Run:
        """Check the input and decide everything; no network is loaded yet.

        Raises InputError for input that is wrong and MemoryShortError where it cannot fit.
        """
        settings = job.settings
        kind = open_set(weights).kind
        if kind is Kind.TINY:
            reporter.warn(
                "weights-tiny",
                "The weights are the tiny random test set: the actor will be noise.",
            )
        config = load_config(weights)
        options = sampler_options(settings, config)
        check_job(job)
        device = choose_device(settings.device)
        frames = plan_windows(job.clip.count, options, config.motion.max_frames)[0]
        window = window_for(job, config.picture_side, square=kind is Kind.TRAINED)
        inputs = sampler_inputs(job, window, config.picture_side)
        inputs.check(options)
        preset = choose_preset(
            settings.memory,
            device,
            config,
            options,
            frames=frames.stop - frames.start,
            size=window.size,
        )
        more = [dict(fingerprint), [window.x, window.y, *window.size]]
        key = job_key(job, [*more, start_key(job)] if options.first_step else more)
        return Run(
            *(job, weights, reporter, options, device, preset, window, inputs),
            Checkpoints(job.work, key),
            Drafts(job, window, key),
        )

    def denoise(self, to_decode: int) -> Tensor:
        """The edit's final latents [frames, 4, h, w], from the last checkpoint if there is one.

        Running out of memory, it goes on once with the next smaller preset and says so.
        """
        try:
            return self._denoise(to_decode)
        except (torch.OutOfMemoryError, MemoryError) as error:
            smaller = smaller_preset(self.preset)
            if smaller is None:
                raise _out_of_memory(self.preset) from error
            kept = self.state
        self._release()
        if kept is not None:
            self.checkpoints.save(kept)
        self.reporter.warn(
            "memory-preset",
            f"Memory ran out with the preset for {self.preset.name} GB; going on with the one for "
            f"{smaller.name} GB.",
        )
        self.preset = smaller
        try:
            return self._denoise(to_decode)
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise _out_of_memory(smaller) from error

    def _denoise(self, to_decode: int) -> Tensor:
        self.reporter.check()
        self._models = load_models(
            self.weights,
            device=self.device.device,
            dtype=self.device.dtype,
            estimator=not self.options.denoiser_features and self.options.energy_scale > 0,
            parked=True,
        )
        if self.job.settings.adapter:
            merge_adapter(Path(self.job.settings.adapter), self._models)
        plan = self.preset.plan
        kept = self.checkpoints.load(self.device.device, self.reporter.warn)
        count = self.job.clip.count
        windows = plan_windows(count, self.options, self._models.config.motion.max_frames)
        costs = render_costs(
            self.options,
            plan,
            len(windows),
            windows[0].stop - windows[0].start,
            count,
            to_decode,
            None if kept is None else kept.position,
        )
        self._costs = costs
        self.reporter.begin("render", costs.total)
        chosen = f"memory preset {self.preset.name}, about {self.preset.peak / GIB:.1f} GiB"
        _log.info("%s on %s in %s", chosen, self.device.device, self.device.dtype)
        self.reporter.advance(0, chosen)

        def on_frames(done: int) -> None:
            self.reporter.advance(costs.prepared(done / count), "reading the clip")

        self._conditions = prepare(
            self._models,
            self.inputs,
            self.options,
            plan=plan,
            work_folder=self.job.work / "features",
            on_frames=on_frames,
        )
        self.state = state = kept or begin(
            self.drafts,
            self._models,
            self._conditions,
            self.options,
            self.inputs,
            costs,
            self.reporter,
        )
        if kept is None and self.options.first_step:
            self.checkpoints.save(state)

        def on_unit(state: SamplerState, progress: Progress) -> None:
            self.checkpoints.save_when_due(state)
            self.reporter.advance(
                costs.denoised(progress.done), f"step {progress.step} of {progress.steps}"
            )

        position = state.position
        with self._compiled(self._models, costs):
            denoise(self._models, self._conditions, self.options, state, plan=plan, on_unit=on_unit)
        if state.position != position:
            self.checkpoints.save(state)
        return state.edit

    def _compiled(self, models: ModelSet, costs: RenderCosts) -> AbstractContextManager[None]:
        """Compiles the layers in the block's first pass, where that is asked for."""
        if not self.job.settings.compile:
            return nullcontext()
        from mf_backend.models.compiling import compiled_layers

        self.reporter.advance(costs.prepared(1.0), "compiling the layers, once")
        return compiled_layers(
            models.denoisers(),
            warn=lambda text: self.reporter.warn("uncompiled", text),
            check=self.reporter.check,
        )

    def decode(self, latents: Tensor, indices: Sequence[int]) -> Iterator[tuple[int, Picture]]:
        """Finished frames: decoded one by one and put back into the clip's."""
        assert self._models is not None and self._costs is not None
        conditions = self.job.conditions
        width, height = self.window.size
        vae = self._models.vae
        job, underlay = self.job, None
        with ExitStack() as stack:
            if job.settings.sampler is not Sampler.RELEASED:
                notes = PartOfStage(self.reporter, self._costs.decoded(0), "background")
                underlay = stack.enter_context(
                    open_underlay(job.settings, job.clip, conditions, notes)
                )
            if self.options.first_step:
                notes = PartOfStage(self.reporter, self._costs.decoded(0), "preview")
                self.drafts.ready(indices, notes)
            stack.enter_context(resident(vae, self.device.device))
            for done, index in enumerate(indices, start=1):
                picture = decode_latent(vae, latents[index])[:, :height, :width]
                if not bool(torch.isfinite(picture).all()):
                    raise _not_finite(index)
                values = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
                frame = self.job.clip.read(index)
                alpha = soft_union(
                    conditions.grey("source_masks", index), conditions.grey("target_masks", index)
                )
                edited, ground = self._laid_in(values, frame, index), frame
                if underlay is not None:
                    edited, ground = underlay.under(index, frame, edited)
                yield index, composite(ground, edited, alpha)
                self.reporter.advance(
                    self._costs.decoded(done / len(indices)), f"frame {index + 1} decoded"
                )

    def _laid_in(self, painted: Picture, frame: Picture, index: int) -> Picture:
        """A frame [H, W, 3] with what was painted in its window [h, w, 3]."""
        if not self.options.first_step:
            return self.window.put_back(painted, frame)
        assert self._models is not None and self._conditions is not None
        start = self.drafts.read(index)
        coded = recode(self._models.vae, self.window.resized(start), self._conditions.padded)
        return self.window.lay_in(with_detail(painted, coded, start, self.window), frame)

    def keep(self) -> None:
        """Write the state as it stands, for going on later."""
        if self.state is not None and self.state.position > 0:
            self.checkpoints.save(self.state)

    def close(self) -> None:
        """Give memory and the features' files back; the checkpoint stays."""
        self._release()
        shutil.rmtree(self.job.work / "features", ignore_errors=True)

    def _release(self) -> None:
        self._models = self._conditions = self.state = None
        gc.collect()
        if self.device.device.type == "cuda":
            torch.cuda.empty_cache()


def _out_of_memory(preset: Preset) -> MemoryShortError:
    return MemoryShortError(
        "out-of-memory",
        f"Memory ran out, also with the preset for {preset.name} GB.",
        "Close other programs that use the graphics card, use a smaller clip, or choose the "
        "processor (cpu) as the device.",
    )


def _not_finite(index: int) -> InputError:
    return InputError(
        "not-finite",
        f"Frame {index + 1} came out broken (values that are no numbers).",
        "Use the default sampler; in the released one a frame with an empty mask region does this.",
    )
