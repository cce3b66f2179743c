"""Finding the published files in the folders a person downloaded them to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.fields import shown
from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.errors import InputError, MissingComponentError
from mf_backend.models.config import LARGEST_CONFIG
from mf_backend.weights.catalog import BASE_REPOSITORY, IMPORT_HINT, VAE_REPOSITORY

_DEPTH = 4
_TENSOR_FILES = (
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.bin",
    "model.safetensors",
    "pytorch_model.bin",
)


@dataclass(frozen=True)
class ModelFolder:
    """A published folder: its config.json and its tensor file."""

    config: dict[str, Any]
    tensors: Path


@dataclass(frozen=True)
class Sources:
    """All published files of one import."""

    denoising_unet: Path
    motion_module: Path
    pose_controller: Path
    base_unet: ModelFolder
    image_encoder: ModelFolder
    vae: ModelFolder

    def files(self) -> dict[str, Path]:
        """Label -> tensor file."""
        return {
            "denoising_unet": self.denoising_unet,
            "motion_module": self.motion_module,
            "pose_controller": self.pose_controller,
            "base_unet": self.base_unet.tensors,
            "image_encoder": self.image_encoder.tensors,
            "vae": self.vae.tensors,
        }


def open_model_folder(folder: Path) -> ModelFolder:
    """A folder with config.json and one tensor file. Raises InputError where it is none."""
    try:
        config = read_json(folder / "config.json", LARGEST_CONFIG)
    except ValueError as error:
        raise InputError(
            "weights-folder",
            f"{folder} has no readable config.json: {error}.",
            "Download the folder again, whole.",
        ) from None
    if not isinstance(config, dict):
        raise InputError(
            "weights-folder",
            f"{folder / 'config.json'} must hold an object, not {shown(config)}.",
            "Download the folder again, whole.",
        )
    for name in _TENSOR_FILES:
        if (folder / name).is_file():
            return ModelFolder(config, folder / name)
    raise InputError(
        "weights-folder",
        f"{folder} holds none of {', '.join(_TENSOR_FILES)}.",
        "Download the folder again, whole.",
    )


def _walk(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """Everything below a folder, nearest first, names in order."""
    if not folder.is_dir():
        yield folder
        return
    try:
        entries = sorted(folder.iterdir())
    except PermissionError:
        # What may not be looked into is not found; the sentence about that names the folders.
        return
    yield from entries
    if depth:
        for entry in entries:
            if entry.is_dir():
                yield from _walk(entry, depth - 1)


def _is_vae(folder: Path) -> bool:
    """Whether a folder holds a lone autoencoder, not the one that came with the base model."""
    config = folder / "config.json"
    if not config.is_file() or (folder.parent / "unet").is_dir():
        return False
    try:
        values = read_json(config, LARGEST_CONFIG)
    except ValueError:
        return False
    return isinstance(values, dict) and values.get("_class_name") == "AutoencoderKL"


def find_sources(places: Sequence[Path]) -> Sources:
    """Look through files and folders for everything that an import needs.

    The nearest match wins. Raises MissingComponentError naming all that was not found.
    """
    for place in places:
        if not place.exists():
            raise InputError("weights-place-missing", f"There is no file or folder {place}.")
    entries = [entry for place in places for entry in (place, *_walk(place))]

    def first(test: Any) -> Path | None:
        return next((entry for entry in entries if test(entry)), None)

    found = {
        "denoising_unet.pth": first(lambda x: x.name == "denoising_unet.pth" and x.is_file()),
        "motion_module.pth": first(lambda x: x.name == "motion_module.pth" and x.is_file()),
        "poctr.pth": first(lambda x: x.name == "poctr.pth" and x.is_file()),
        f"the folder unet of {BASE_REPOSITORY}": first(
            lambda x: x.name == "unet" and (x / "config.json").is_file()
        ),
        f"the folder image_encoder of {BASE_REPOSITORY}": first(
            lambda x: x.name == "image_encoder" and (x / "config.json").is_file()
        ),
        f"a folder with {VAE_REPOSITORY}": first(_is_vae),
    }
    absent = [what for what, path in found.items() if path is None]
    if absent:
        raise MissingComponentError(
            "weights-source-missing",
            f"Not found in {', '.join(str(x) for x in places)}: {', '.join(absent)}.",
            IMPORT_HINT,
        )
    denoising, motion, pose, unet, encoder, vae = (path for path in found.values() if path)
    return Sources(
        denoising,
        motion,
        pose,
        open_model_folder(unet),
        open_model_folder(encoder),
        open_model_folder(vae),
    )
