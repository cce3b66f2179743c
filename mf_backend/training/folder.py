"""The folder of a run: its recipe, its networks' sizes, its shots, and what it leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_value, write_json
from mf_backend.models.config import CONFIG_NAME, ModelConfig
from mf_backend.training.data.shots import Shot, Split
from mf_backend.training.recipe import Recipe

_RECIPE = "recipe.json"
_LARGEST = 1 << 20


@dataclass(frozen=True)
class RunFolder:
    """Places in a run's folder."""

    path: Path

    @property
    def checkpoints(self) -> Path:
        """Where the run stood."""
        return self.path / "checkpoints"

    @property
    def log(self) -> Path:
        """One JSON object a line."""
        return self.path / "log.jsonl"

    @property
    def page(self) -> Path:
        """The page with curves and pictures."""
        return self.path / "page.html"

    @property
    def facts(self) -> Path:
        """What it learns from and on which machine, in words; there as soon as it learns."""
        return self.path / "facts.json"

    @property
    def report(self) -> Path:
        """What it was trained on, with what, for how long."""
        return self.path / "report.json"

    @property
    def weights(self) -> Path:
        """The set of weights that it gives."""
        return self.path / "set"

    @property
    def begun(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / _RECIPE).is_file()

    def check_free(self) -> None:
        """Raise InputError where something else than a run lies here."""
        if self.path.exists() and not self.path.is_dir():
            raise InputError("train-target", f"{self.path} is a file.", "Choose a folder.")
        if self.path.is_dir() and not self.begun and any(self.path.iterdir()):
            raise InputError(
                "train-target",
                f"{self.path} holds other files.",
                "Choose a new or empty folder, or one of an earlier run to go on with it.",
            )

    def begin(self, recipe: Recipe, config: ModelConfig) -> None:
        """Make the folder and write what the run is."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / CONFIG_NAME, config.to_dict())
        write_json(self.path / _RECIPE, recipe.to_dict())

    def config(self) -> ModelConfig:
        """The networks' sizes. Raises InputError where they cannot be read."""
        return ModelConfig.from_folder(self.path)

    def recipe(self, changes: Mapping[str, Any]) -> Recipe:
        """The recipe that was begun with, with other lengths where `changes` has them.

        Raises InputError where it cannot be read, or `changes` would make it another recipe.
        """
        path = self.path / _RECIPE
        try:
            values = read_json(path, _LARGEST)
        except ValueError as error:
            raise InputError("train-recipe", f"{path} could not be read: {error}.") from None
        begun = Recipe.from_dict(values, str(path))
        changed = replace(begun, **changes)
        if changed.fingerprint != begun.fingerprint:
            names = [k for k, v in changes.items() if getattr(begun, k) != v]
            raise InputError(
                "train-other-run",
                f"The run in {self.path} was begun with another recipe ({', '.join(names)}).",
                "Leave these options out to go on with it, or choose another folder.",
            )
        return changed


def shots_hash(shots: Sequence[Shot]) -> str:
    """SHA-256 over all that the shots show."""
    digest = hashlib.sha256()
    for shot in shots:
        digest.update(f"{shot.name} {shot.split} {shot.moving_camera}".encode())
        for take in shot.takes:
            drafts = () if take.drafts is None else (take.drafts,)
            for array in (take.pictures, take.mattes, take.joints, *drafts):
                digest.update(f"{array.shape}".encode())
                digest.update(array.tobytes())
        if shot.plate is not None:
            digest.update(shot.plate.tobytes())
    return digest.hexdigest()


def run_key(recipe: Recipe, config: ModelConfig, shots: str, begins: str) -> str:
    """What a checkpoint belongs to; `begins` names the weights that the run began from."""
    return hash_value([recipe.fingerprint, config.to_dict(), shots, begins])


def facts(shots: Sequence[Shot], recipe: Recipe, config: ModelConfig) -> dict[str, str]:
    """What a run learns from, in words."""
    told = {}
    for split in (Split.TRAIN, Split.VALIDATION):
        some = [shot for shot in shots if shot.split is split]
        frames = sum(len(take) for shot in some for take in shot.takes)
        told[f"{split.value} shots"] = f"{len(some)}, {frames} frames"
    bodies = {str(x) for x in (shot.about.get("body") for shot in shots) if x is not None}
    sets = {str(x) for x in (shot.about.get("set") for shot in shots) if x is not None}
    if bodies:
        told["people"] = str(len(bodies))
    if sets:
        told["sets"] = ", ".join(sorted(sets))
    told["pictures"] = f"{config.picture_side}x{config.picture_side}"
    told["steps"] = (
        f"decoder {recipe.decoder_steps}, images {recipe.image_steps}, clips {recipe.clip_steps}"
    )
    told["batch"] = f"{recipe.batch} pictures; {recipe.clips} clips of {recipe.clip_frames} frames"
    told["seed"] = str(recipe.seed)
    return told
