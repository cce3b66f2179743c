"""What the engines and estimators need, and where its makers publish it."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mf_backend.weights.folder import estimators_folder


class Origin(StrEnum):
    """How a file is had."""

    HUB = "hub"
    """A repository of the model hub; `weights fetch` brings it."""
    AUTHORS = "authors"
    """From a link on its authors' page; a person downloads it."""


@dataclass(frozen=True)
class Published:
    """One published file or folder that the import reads."""

    name: str
    """File or folder name as published."""
    holds: str
    origin: Origin
    where: str
    """Hub repository, or the page that has it."""
    patterns: tuple[str, ...] = ()
    """Files of the hub repository that are needed (the rest is left there)."""

    @property
    def url(self) -> str:
        """The page that a browser opens."""
        if self.origin is Origin.HUB:
            return f"https://huggingface.co/{self.where}"
        return MOTIONFOLLOWER_URL


def _tensor_files(stem: str) -> tuple[str, str]:
    return f"{stem}.safetensors", f"{stem}.bin"


MOTIONFOLLOWER_PAGE = "the MotionFollower authors' Drive folder"
MOTIONFOLLOWER_URL = "https://drive.google.com/drive/u/0/folders/1yWRNmd4-vbJfV1Ji_zhpNSwNpuJVat7o"
BASE_REPOSITORY = "lambdalabs/sd-image-variations-diffusers"
VAE_REPOSITORY = "stabilityai/sd-vae-ft-mse"

MOTIONFOLLOWER: tuple[Published, ...] = (
    Published(
        "denoising_unet.pth",
        "the fine-tuned UNet and the appearance controller",
        Origin.AUTHORS,
        MOTIONFOLLOWER_PAGE,
    ),
    Published("motion_module.pth", "the motion modules", Origin.AUTHORS, MOTIONFOLLOWER_PAGE),
    Published("poctr.pth", "the pose controller", Origin.AUTHORS, MOTIONFOLLOWER_PAGE),
    Published(
        "sd-image-variations-diffusers",
        "the base UNet (folder unet) and the image encoder (folder image_encoder)",
        Origin.HUB,
        BASE_REPOSITORY,
        ("unet/config.json", *_tensor_files("unet/diffusion_pytorch_model"), "image_encoder/*"),
    ),
    Published(
        "sd-vae-ft-mse",
        "the autoencoder",
        Origin.HUB,
        VAE_REPOSITORY,
        ("config.json", *_tensor_files("diffusion_pytorch_model")),
    ),
)


@dataclass(frozen=True)
class OptionalFile:
    """A file or folder that improves conditioning where it is present; nothing needs it."""

    name: str
    """Name in the estimators' folder."""
    holds: str
    where: str
    licence: str
    """SPDX name of the licence that its makers give it."""
    bytes: int | None = None
    """Size; None where no source says it."""
    parts: tuple[str, ...] = ()
    """Files that the folder must hold; empty for a single file."""
    package: str = ""
    """Python package that may hold it, too."""
    packaged: str = ""
    """Where in that package."""

    @property
    def path(self) -> Path:
        """Where it is looked for."""
        return estimators_folder() / self.name

    @property
    def present(self) -> bool:
        """Whether it is there, with all its parts."""
        if self.parts:
            return all((self.path / part).is_file() for part in self.parts)
        return self.path.is_file() or self._in_package()

    def _in_package(self) -> bool:
        """Whether the package holds it; the package is not imported."""
        spec = importlib.util.find_spec(self.package) if self.package else None
        folders = (spec.submodule_search_locations if spec is not None else None) or ()
        return any((Path(folder) / self.packaged).is_file() for folder in folders)

    @property
    def how(self) -> str:
        """One sentence that says how to get it."""
        files = f"{' and '.join(self.parts)} of {self.name}" if self.parts else self.name
        place = self.path if self.parts else self.path.parent
        return f"Download {files} ({self.licence}) from {self.where} and put it into {place}."


BIREFNET = OptionalFile(
    "BiRefNet-portrait-epoch_150.onnx",
    "BiRefNet-portrait as an ONNX file: the mask estimator birefnet",
    "the releases of rembg (danielgatis/rembg, v0.0.0); the network is ZhengPeng7/BiRefNet",
    "MIT",
)
SAM2 = OptionalFile(
    "sam2.1-hiera-small",
    "SAM 2.1, small, in transformers' format: the mask estimator sam2, pointed at the actor by "
    "the joints",
    "the model hub (facebook/sam2.1-hiera-small)",
    "Apache-2.0",
    parts=("config.json", "model.safetensors"),
)


OPTIONAL: tuple[OptionalFile, ...] = (
    OptionalFile(
        "pose_landmark_heavy.tflite",
        "MediaPipe's heavy pose model (finds harder poses than the built-in one)",
        "MediaPipe's model page, pose landmark model, heavy",
        "Apache-2.0",
        package="mediapipe",
        packaged="modules/pose_landmark/pose_landmark_heavy.tflite",
    ),
    OptionalFile(
        "yolox_l.onnx",
        "the person detector that DWPose works from",
        "the DWPose authors' page (IDEA-Research/DWPose)",
        "Apache-2.0",
        216_746_733,
    ),
    OptionalFile(
        "dw-ll_ucoco_384.onnx",
        "DWPose, the whole-body estimator that the released skeletons were made with",
        "the DWPose authors' page (IDEA-Research/DWPose)",
        "Apache-2.0",
        134_399_116,
    ),
    BIREFNET,
    SAM2,
)


def optional(name: str) -> OptionalFile:
    """The optional file of this name. Raises KeyError for an unknown one."""
    for item in OPTIONAL:
        if item.name == name:
            return item
    raise KeyError(name)


IMPORT_HINT = (
    "Download denoising_unet.pth, motion_module.pth and poctr.pth from "
    f"{MOTIONFOLLOWER_PAGE} ({MOTIONFOLLOWER_URL}), "
    f"fetch {BASE_REPOSITORY} and {VAE_REPOSITORY} from the model hub "
    "(`python -m mf_backend weights fetch --to DOWNLOADS` does), put all of them into one folder "
    "and run `python -m mf_backend weights import DOWNLOADS`."
)
