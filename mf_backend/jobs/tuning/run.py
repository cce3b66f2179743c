"""Tuning an engine to a clip, as messages ask for it: analysed first, where that is not done."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mf_backend.actor.store.folder import ActorFolder
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_value
from mf_backend.engines import load_engine
from mf_backend.engines.base import refuse_missing
from mf_backend.engines.motionfollower.engine import MotionFollowerEngine
from mf_backend.jobs.analysis.analyse import ensure
from mf_backend.jobs.analysis.holding import hold_actor
from mf_backend.jobs.analysis.run import ActorOrder, analyse_clip
from mf_backend.jobs.analysis.wish import Wish
from mf_backend.jobs.disk.log import capture_output
from mf_backend.jobs.tracker import JobTracker
from mf_backend.jobs.tuning.material import clip_of_actor
from mf_backend.weights.weight_set import open_set

if TYPE_CHECKING:
    from mf_backend.weights.adapter import AdapterAbout

STAGE = "tuning images"
"""As the part is called that takes longest."""


@dataclass(frozen=True)
class TuningResult:
    """A clip that was tuned to."""

    actor: Path
    adapter: Path
    about: AdapterAbout

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {"actor": str(self.actor), "adapter": str(self.adapter), **asdict(self.about)}


def tune_clip(order: ActorOrder, steps: int = 0) -> TuningResult:
    """Learn the used range of a clip beside the weights of the settings' engine.

    The adapter goes into the actor's folder, in place of a former one. What was interrupted goes
    on. 0 `steps` stand for the recipe's own. Raises an MFError for everything that can go wrong.
    """
    settings = order.settings
    engine = load_engine(settings.engine)
    if not isinstance(engine, MotionFollowerEngine):
        raise InputError(
            "tune-engine",
            f"The engine {engine.label} learns nothing, so there is nothing to tune.",
            "Choose a MotionFollower engine.",
        )
    refuse_missing(engine, settings, "weights-missing")
    found = analyse_clip(order)
    actor, folder = ActorFolder(found.folder), engine.set_folder(settings)
    tracker, wish = order.tracker(STAGE), order.wish(found.first, found.last)
    with hold_actor(actor, tracker), capture_output(actor.path / "log.txt", order.echo) as stderr:
        order.on_start(tracker, stderr)
        ensure(actor, wish, tracker)
        tracker.enter(STAGE)
        about = _tune(actor, wish, folder, steps, tracker)
    return TuningResult(actor.path, actor.adapter(settings.engine), about)


def _tune(
    actor: ActorFolder, wish: Wish, folder: Path, steps: int, tracker: JobTracker
) -> AdapterAbout:
    from mf_backend.training.folder import shots_hash
    from mf_backend.training.tuning.tune import TuneOrder, tune, tune_recipe
    from mf_backend.weights.loading import load_config

    config, settings = load_config(folder), wish.settings
    recipe = tune_recipe(config, {})
    if steps:
        half = steps // 2 if recipe.decoder_steps else 0
        recipe = replace(recipe, image_steps=steps, decoder_steps=half)
    clip = clip_of_actor(actor, wish, config.picture_side)
    # Other weights, or an actor that was mended, begin anew.
    key = hash_value([open_set(folder).fingerprint, shots_hash([clip.shot]), recipe.to_dict()])[:12]
    run = actor.tuned / f"{settings.engine}-{key}"
    for other in actor.tuned.glob(f"{settings.engine}-*") if actor.tuned.is_dir() else ():
        if other != run:
            shutil.rmtree(other)
    actor.tuned.mkdir(exist_ok=True)
    adapter = actor.adapter(settings.engine)
    order = TuneOrder(clip, folder, run, adapter, device=settings.device)
    about = tune(order, recipe, tracker)
    shutil.rmtree(run)
    return about
