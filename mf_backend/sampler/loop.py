"""The sampling loop: reconstruction and edit in lockstep, one unit of work at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mf_backend.contracts.errors import InputError
from mf_backend.models.denoiser.attention import KeysValues
from mf_backend.models.denoiser.unet import Bottom, Extras, UNetConditions, UNetOutput
from mf_backend.models.model_set import ModelSet
from mf_backend.models.running.runner import Runner
from mf_backend.models.running.tape import TapeRunner
from mf_backend.sampler.conditions import Conditions, WindowConditions
from mf_backend.sampler.guidance.gradient import FEATURES, Guidance, guide
from mf_backend.sampler.injection import MaskedInjector
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.noise.inpainting import draw, noisy_step
from mf_backend.sampler.noise.replay import renoise, renoise_timestep
from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.sampler.noise.solvers import weights
from mf_backend.sampler.options import Phases, SamplerOptions, Solver
from mf_backend.sampler.state import SamplerState, initial_state
from mf_backend.sampler.units import Progress, Stage, Unit, list_units
from mf_backend.sampler.windows import blend_weights

Trace = Callable[[str, int, int, Tensor], None]
"""Called with a name, step, replay and value ([frames, ...]) of what the loop computes."""


def run(
    models: ModelSet,
    conditions: Conditions,
    options: SamplerOptions,
    state: SamplerState | None = None,
    *,
    plan: MemoryPlan | None = None,
    on_unit: Callable[[SamplerState, Progress], None] | None = None,
    trace: Trace | None = None,
) -> SamplerState:
    """Denoise to the end, from the start or from `state`, and return the final state.

    `on_unit` is called after each unit of work; what it raises ends the run with `state` as it
    is. `state` is changed in place. The edit's latents of the result are ready to be decoded.
    """
    state = initial_state(conditions, options) if state is None else state
    if tuple(state.edit.shape) != conditions.latent_shape:
        raise InputError(
            "sampler-state",
            "The saved state belongs to a clip of another length or size.",
            "Delete it to start this stage again.",
        )
    loop = _Loop(models, conditions, options, plan or MemoryPlan(), trace or _ignore)
    costs = list(itertools.accumulate(unit.cost for unit in loop.units))
    with torch.no_grad():
        while state.position < len(loop.units):
            unit = loop.units[state.position]
            loop.advance(state, unit)
            state.position += 1
            if on_unit is not None:
                done = costs[state.position - 1] / costs[-1]
                step = unit.step + 1 if unit.last else unit.step
                on_unit(state, Progress(step, options.steps, done))
    return state


@dataclass
class Reference:
    """What the reconstruction's forward pass at one step leaves for the edit.

    `prediction` is its v where the pass went to the end.
    """

    step: int
    window: int
    prediction: Tensor | None
    features: dict[int, Tensor] = field(default_factory=dict)
    keys_values: dict[str, KeysValues] = field(default_factory=dict)


class _Loop:
    """One run's fixed parts. All that changes is in the state, but for a cache that may be lost."""

    def __init__(
        self,
        models: ModelSet,
        conditions: Conditions,
        options: SamplerOptions,
        plan: MemoryPlan,
        trace: Trace,
    ) -> None:
        self.models = models
        self.conditions = conditions
        self.options = options
        self.plan = plan
        self.trace = trace
        self.phases = Phases(options)
        self.schedule = Schedule(models.config.schedule, options.steps)
        windows = conditions.windows
        self.units = list_units(options, len(windows), plan)
        self.weights = [
            weight.to(conditions.device) for weight in blend_weights(windows, conditions.frames)
        ]
        self._kept: Reference | None = None

    def advance(self, state: SamplerState, unit: Unit) -> None:
        """Do one unit, and what ends a sum over windows or a step."""
        if unit.stage is Stage.DENOISE:
            self._denoise(state, unit)
            if unit.last_window:
                self._step(state, unit)
        else:
            self._predict_for_renoise(state, unit)
            if unit.last_window:
                self._renoise(state, unit)
        if unit.last:
            state.edit = state.partial.pop("edit_next")
            state.recon = state.partial.pop("recon_next", state.recon)
            self._remember(state)
            self._kept = None
            self.trace("recon/latents", unit.step, unit.replay, state.recon)
            self.trace("edit/latents", unit.step, unit.replay, state.edit)

    def _denoise(self, state: SamplerState, unit: Unit) -> None:
        """Predictions and guidance of one window, added to the state's sums."""
        given = self.conditions.window(self.models, self.conditions.windows[unit.window])
        frames = self.conditions.windows[unit.window].frames
        weight = self.weights[unit.window]
        reference = self._reference(state, unit, given)
        v, guidance = self._edit(state, unit, given, reference)
        # Nothing is added before all of it is there: running out of memory leaves sums whole.
        if unit.replay == 0 and reference.prediction is not None:
            self.trace("recon/noise_pred", unit.step, unit.replay, reference.prediction)
            state.add("recon_v", frames, reference.prediction, weight)
        state.add("v", frames, v, weight)
        if guidance is not None:
            state.add("guidance", frames, guidance.value, weight)

    def _reference(self, state: SamplerState, unit: Unit, given: WindowConditions) -> Reference:
        """The reconstruction's pass at this step: computed, or kept from its first replay."""
        i = unit.step
        guided, injecting = self.phases.guided(i), self.phases.injecting(i)
        if not (guided or injecting or (unit.replay == 0 and self.phases.reconstructing(i))):
            return Reference(i, unit.window, None)
        kept = self._kept
        if kept is not None and (kept.step, kept.window) == (i, unit.window):
            return kept
        x = self._latents(state.recon, unit)
        t = self.schedule.timesteps[i]
        shared = guided and self.options.denoiser_features
        output = self.models.unet(
            x,
            t,
            given.source,
            Runner(self.plan.slicing),
            Extras(
                features=FEATURES if shared else (),
                # A replay in a later window needs the features again, but not the prediction.
                stop_after_features=unit.replay > 0 and shared and not injecting,
                collect=injecting,
            ),
        )
        reference = Reference(
            i,
            unit.window,
            None if output.sample is None else output.sample.float(),
            output.features,
            output.keys_values,
        )
        if guided and not shared:
            network = self._guidance_network(x, t, given.guide_source, Runner(self.plan.slicing))
            reference.features = network.features
        for k, layer in enumerate(FEATURES):
            if guided:
                self.trace(f"edit/up_ft_rec/{k}", i, unit.replay, reference.features[layer])
        for name, pair in reference.keys_values.items():
            self.trace(f"recon/buffer_key/{name}", i, unit.replay, pair.keys)
            self.trace(f"recon/buffer_value/{name}", i, unit.replay, pair.values)
        if len(self.conditions.windows) == 1:
            self._kept = reference
        return reference

    def _edit(
        self, state: SamplerState, unit: Unit, given: WindowConditions, reference: Reference
    ) -> tuple[Tensor, Guidance | None]:
        """The edit's prediction v = v_u + cfg (v_c - v_u), and its guidance where it is due."""
        i, replay = unit.step, unit.replay
        t = self.schedule.timesteps[i]
        x = self._latents(state.edit, unit)
        injector = None
        if self.phases.injecting(i):
            injector = MaskedInjector(
                reference.keys_values, given.masks, remove=self.options.remove_masked_keys
            )
        plain = Runner(self.plan.slicing)
        guided, shared = self.phases.guided(i), self.options.denoiser_features
        tape = self._tape() if guided else None
        unet = self.models.unet
        on_tape = tape if tape is not None and shared else plain
        # Both halves, and the guidance's own pass, share what does not differ between them.
        trunk = unet.trunk(x, t, given.target.pose, on_tape)
        v_u: Tensor | None = None
        if self.options.cfg != 1:
            bottom = unet.descend(
                trunk, given.unconditional, plain, probe=self._probe("uncond", unit)
            )
            v_u = self._prediction(bottom, given.unconditional, injector, "uncond", unit)
        bottom = unet.descend(trunk, given.target, on_tape, probe=self._probe("cond", unit))
        del trunk
        guidance: Guidance | None = None
        v_c: Tensor | None = None
        if injector is not None or tape is None or not shared:
            v_c = self._prediction(bottom, given.target, injector, "cond", unit)
        if tape is not None:
            if shared:
                # Without injection this pass is the conditional half, too.
                output = unet.ascend(
                    bottom,
                    given.target,
                    tape,
                    Extras(
                        features=FEATURES,
                        stop_after_features=v_c is not None,
                        probe=self._probe("cond", unit),
                    ),
                )
                v_c = output.sample.float() if output.sample is not None else v_c
            else:
                output = self._guidance_network(x, t, given.guide_target, tape)
            del bottom
            guidance = self._guide(unit, x, tape, output, given, reference)
        assert v_c is not None
        self.trace("edit/noise_pred_cond", i, replay, v_c)
        if v_u is None:
            return v_c, guidance
        self.trace("edit/noise_pred_uncond", i, replay, v_u)
        return v_u + self.options.cfg * (v_c - v_u), guidance

    def _prediction(
        self,
        bottom: Bottom,
        conditions: UNetConditions,
        injector: MaskedInjector | None,
        half: str,
        unit: Unit,
    ) -> Tensor:
        """The prediction v of one half, in float32."""
        output = self.models.unet.ascend(
            bottom,
            conditions,
            Runner(self.plan.slicing),
            Extras(injector=injector, probe=self._probe(half, unit)),
        )
        assert output.sample is not None
        return output.sample.float()

    def _guide(
        self,
        unit: Unit,
        x: Tensor,
        tape: TapeRunner,
        output: UNetOutput,
        given: WindowConditions,
        reference: Reference,
    ) -> Guidance:
        for k, layer in enumerate(FEATURES):
            self.trace(f"edit/up_ft_edit/{k}", unit.step, unit.replay, output.features[layer])
        guidance = guide(
            tape,
            x,
            output.features,
            reference.features,
            given.masks,
            self.plan,
            energy_scale=self.options.energy_scale,
            skip_empty=self.options.skip_empty_regions,
        )
        for name, value in (
            ("guidance_latent_in", x),
            ("guidance", guidance.value),
            ("grad_fg", guidance.foreground_gradient),
            ("grad_bg", guidance.background_gradient),
            ("losses", torch.stack([guidance.foreground, guidance.background])),
        ):
            self.trace(f"edit/{name}", unit.step, unit.replay, value)
        return guidance

    def _guidance_network(
        self, x: Tensor, t: int, conditions: UNetConditions, runner: Runner
    ) -> UNetOutput:
        """A pass through the released behaviour's second network, for features alone."""
        assert self.models.estimator is not None
        output: UNetOutput = self.models.estimator(
            x, t, conditions, runner, Extras(features=FEATURES, stop_after_features=True)
        )
        return output

    def _step(self, state: SamplerState, unit: Unit) -> None:
        """All windows are predicted: the DDIM step. Guidance moves x0 alone, not the noise."""
        i, schedule = unit.step, self.schedule
        t = schedule.timesteps[i]
        if "recon_v" in state.partial:
            v = state.partial.pop("recon_v")
            clean = schedule.clean(t, state.recon, v)
            state.partial["recon_next"] = schedule.step(t, state.recon, v)
            self._multistep(state, "recon", unit, clean)
        v = state.partial.pop("v")
        guidance = state.partial.pop("guidance", None)
        x0 = schedule.clean(t, state.edit, v if guidance is None else v + guidance)
        eps = schedule.noise(t, state.edit, v)
        if self.phases.noisy(i):
            noise = draw(self.conditions.latent_shape, state.generator, self.conditions.dtype)
            noise = noise.to(self.conditions.device, non_blocking=True)
            mask = self.conditions.target_mask()
            result = noisy_step(schedule, t, x0, eps, noise, mask)
        else:
            result = schedule.mix(schedule.previous(t), x0, eps)
        state.partial["edit_next"] = result
        self._multistep(state, "edit", unit, schedule.clean(t, state.edit, v))

    def _multistep(self, state: SamplerState, branch: str, unit: Unit, clean: Tensor) -> None:
        """What a multistep solver adds to DDIM's step of a branch.

        It goes by the predictions without guidance, which is added on top in every step.
        """
        if self.options.solver is Solver.DDIM:
            return
        before = state.partial.get(f"{branch}_clean")
        earlier = state.partial.get(f"{branch}_clean_before")
        known = sum(value is not None for value in (before, earlier))
        added = weights(
            self.options.solver, self.schedule, unit.step, known, corrects=unit.replay == 0
        )
        if before is not None:
            state.partial[f"{branch}_next"] += added.d1 * (clean - before)
            if earlier is not None:
                state.partial[f"{branch}_next"] += added.d2 * (before - earlier)
        state.partial[f"{branch}_clean_next"] = clean

    def _remember(self, state: SamplerState) -> None:
        """Keep what a multistep solver needs of the step that ends."""
        for branch in ("recon", "edit"):
            clean = state.partial.pop(f"{branch}_clean_next", None)
            if clean is None:
                continue
            before = state.partial.get(f"{branch}_clean")
            if before is not None and self.options.solver is Solver.UNIPC:
                state.partial[f"{branch}_clean_before"] = before
            state.partial[f"{branch}_clean"] = clean

    def _predict_for_renoise(self, state: SamplerState, unit: Unit) -> None:
        window = self.conditions.windows[unit.window]
        given = self.conditions.window(self.models, window)
        output = self.models.unet(
            self._latents(state.partial["edit_next"], unit),
            renoise_timestep(self.schedule, self.schedule.timesteps[unit.step]),
            given.target,
            Runner(self.plan.slicing),
        )
        v = output.sample.float()
        self.trace("edit/renoise_pred", unit.step, unit.replay, v)
        state.add("renoise_v", window.frames, v, self.weights[unit.window])

    def _renoise(self, state: SamplerState, unit: Unit) -> None:
        v = state.partial.pop("renoise_v")
        if unit.last:
            return
        t = self.schedule.timesteps[unit.step]
        state.edit = renoise(self.schedule, t, state.partial.pop("edit_next"), v)

    def _latents(self, latents: Tensor, unit: Unit) -> Tensor:
        part = latents[self.conditions.windows[unit.window].frames]
        return part.to(self.conditions.dtype).contiguous(memory_format=torch.channels_last)

    def _tape(self) -> TapeRunner:
        plan = self.plan
        return TapeRunner(plan.slicing, kept=plan.kept, coarse=plan.coarse)

    def _probe(self, half: str, unit: Unit) -> Callable[[str, Tensor], None] | None:
        if self.trace is _ignore:
            return None

        def probe(name: str, value: Tensor) -> None:
            self.trace(f"edit/probe/{half}/{name}", unit.step, unit.replay, value)

        return probe


def _ignore(name: str, step: int, replay: int, value: Tensor) -> None:
    """No one is watching."""
