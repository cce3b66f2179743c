"""What a run has learnt, as a set of weights that the engine takes, also before it ends."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import torch

from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.errors import InputError
from mf_backend.models.model_set import ModelSet, build_models
from mf_backend.training.folder import RunFolder
from mf_backend.training.learning.average import put
from mf_backend.training.learning.checkpoints import UNREADABLE, Checkpoint, read_checkpoint
from mf_backend.training.telling.log import read_lines
from mf_backend.weights.store import NewSet, write_set
from mf_backend.weights.weight_set import Kind, Network, WeightSet

_LARGEST = 1 << 20


def write_trained(
    folder: Path, models: ModelSet, notes: Mapping[str, str], *, replace_set: bool = True
) -> WeightSet:
    """Write the networks in float16; by default in place of a set of the same run's earlier moment.

    Raises InputError where the folder may not be used and OutputError where the disk refuses.
    """
    return write_set(
        folder,
        NewSet(
            {Network(name): network.state_dict() for name, network in models.named().items()},
            models.config,
            Kind.TRAINED,
            torch.float16,
            notes=notes,
        ),
        replace_set,
    )


def take_from_run(
    run: Path,
    folder: Path,
    notes: Mapping[str, str],
    *,
    start_strength: float = 1.0,
    decoder: Path | None = None,
    replace_set: bool,
) -> WeightSet:
    """Write the averaged weights of a run's newest checkpoint into `folder`, while it goes on.

    `notes` are added to what the run tells of itself; `start_strength` is what the set's config
    says of a start from pictures. `decoder` is a set whose decoder is taken: one that was learnt
    from the same weights beside this run does what one before it would have done. Raises InputError
    where there is no run with a checkpoint, or `folder` may not be used, and OutputError where the
    disk refuses.
    """
    place = RunFolder(run)
    if not place.begun:
        raise InputError("train-no-run", f"There is no training run in {run}.", _HINT)
    point = _newest(place)
    models = build_models(dataclasses.replace(place.config(), start_strength=start_strength))
    for name, network in models.named().items():
        network.load_state_dict(point.networks[name])
    weights = {
        f"{label}/{name}": weight
        for label, network in models.named().items()
        for name, weight in network.named_parameters()
    }
    put({name: weights[name] for name in point.average}, point.average)
    if decoder is not None:
        _take_decoder(models, decoder)
    told = {**_told(place), "stands at": f"{point.stage.value}, step {point.step}", **notes}
    return write_trained(folder, models, told, replace_set=replace_set)


def _take_decoder(models: ModelSet, folder: Path) -> None:
    """Raises InputError where the set's latents are not these networks'."""
    from mf_backend.weights.loading import load_models

    given = load_models(folder).vae.state_dict()
    own = models.vae.state_dict()
    encoders = [{k: v for k, v in vae.items() if k.startswith("encoder.")} for vae in (own, given)]
    if own.keys() != given.keys() or any(
        own[name].shape != given[name].shape
        # Sets are kept in halves.
        or (
            name in encoders[0] and not torch.allclose(own[name], given[name], rtol=1e-3, atol=1e-4)
        )
        for name in own
    ):
        raise InputError(
            "train-other-latents",
            f"The decoder in {folder} is made for other latents than the run's.",
            "Give a set that was learnt from the same weights.",
        )
    models.vae.load_state_dict(given)


_HINT = "Give the folder that `python -m mf_backend train --to` names."


def _newest(place: RunFolder) -> Checkpoint:
    """The newest checkpoint that can be read. Raises InputError where there is none."""
    paths = sorted(place.checkpoints.glob("checkpoint-*.pt")) if place.checkpoints.is_dir() else []
    for path in reversed(paths):
        try:
            return read_checkpoint(path)[1]
        except UNREADABLE:
            continue
    raise InputError(
        "train-no-checkpoint",
        f"The run in {place.path} has no checkpoint that can be read.",
        "Let it learn longer; --keep-every says after how many steps it keeps one.",
    )


def _told(place: RunFolder) -> dict[str, str]:
    """What a run says of itself: its facts, its recipe, and how long it learnt."""
    hours = _seconds(place) / 3600
    told = {"recipe": json.dumps(place.recipe({}).to_dict()), "hours": f"{hours:.1f}"}
    if place.facts.is_file():
        try:
            facts = read_json(place.facts, _LARGEST)
        except ValueError as error:
            raise InputError("train-report", f"{place.facts} is damaged: {error}.") from None
        told |= {name: str(value) for name, value in facts.items()}
    return told


def _seconds(place: RunFolder) -> float:
    """Time that all starts of the run took until their last line of the log."""
    total = last = 0.0
    for line in read_lines(place.log):
        seconds = float(line.get("seconds", last))
        total += max(seconds - last, 0.0) if seconds >= last else seconds
        last = seconds
    return total
