"""MediaPipe's pose models, bundled from the files inside its package; and which one is here."""

from __future__ import annotations

import io
import zipfile
from enum import StrEnum
from pathlib import Path

from mf_backend.contracts.errors import MissingComponentError

_DETECTOR = Path("modules/pose_detection/pose_detection.tflite")
_LANDMARKS = Path("modules/pose_landmark")
_DETECTOR_NORM = (127.5, 127.5)
_LANDMARK_NORM = (0.0, 255.0)
"""(mean, standard deviation) that bring 0..255 to each model's input range, -1..1 and 0..1."""


class PoseModel(StrEnum):
    """Size of the landmark model."""

    FULL = "full"
    HEAVY = "heavy"


def package_folder() -> Path:
    """Folder of the mediapipe package; MissingComponentError where it is not installed."""
    import importlib.util

    spec = importlib.util.find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        raise MissingComponentError(
            "mediapipe-missing",
            "mediapipe is not installed, so the actor's joints cannot be estimated.",
            "Press Repair in the add-on's preferences (or install mediapipe 0.10.21), or give the "
            "actor's skeletons yourself.",
        )
    return Path(spec.submodule_search_locations[0])


def model_file(model: PoseModel) -> Path | None:
    """The landmark model's file, in the package or in the estimators' folder; None if absent."""
    from mf_backend.weights.folder import estimators_folder

    name = f"pose_landmark_{model}.tflite"
    for folder in (package_folder() / _LANDMARKS, estimators_folder()):
        if (folder / name).is_file():
            return folder / name
    return None


def best_model() -> PoseModel:
    """Heavy where its file is present, else full (which the package holds)."""
    return PoseModel.HEAVY if model_file(PoseModel.HEAVY) else PoseModel.FULL


def require_model(model: PoseModel) -> Path:
    """The landmark model's file. Raises MissingComponentError where it is absent."""
    found = model_file(model)
    if found is None:
        raise MissingComponentError(
            "pose-model-missing",
            f"MediaPipe's {model} pose model is not on this machine.",
            "`python -m mf_backend weights list` says where it comes from.",
        )
    return found


def _described(path: Path, norm: tuple[float, float]) -> bytes:
    """A model file with the input normalisation that MediaPipe's tasks ask for."""
    from mediapipe.tasks.python.metadata.metadata_writers import metadata_writer

    writer = metadata_writer.MetadataWriter.create(bytearray(path.read_bytes()))
    writer.add_image_input([norm[0]], [norm[1]])
    described, _ = writer.populate()
    return bytes(described)


def pose_bundle(model: PoseModel) -> bytes:
    """Detector and landmark model as the .task archive that PoseLandmarker loads."""
    landmarks = require_model(model)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        detector = _described(package_folder() / _DETECTOR, _DETECTOR_NORM)
        archive.writestr("pose_detector.tflite", detector)
        archive.writestr("pose_landmarks_detector.tflite", _described(landmarks, _LANDMARK_NORM))
    return buffer.getvalue()
