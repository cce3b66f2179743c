"""The user's own picture or clip of the set, in place of the plate that was recovered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.background import BackgroundPlate, grown
from mf_backend.actor.plate.motion import CameraMotion
from mf_backend.actor.plate.tone import exposed, exposure, match_tone
from mf_backend.clip import Clip, open_clip, picture_file, reference_for
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.request import PlateFit, Settings

Mask = NDArray[np.uint8]
Bools = NDArray[np.bool_]

_RIM, _LEAST_RIM = 0.006, 2
"""Share of the longer side, and pixels at least, about the actor that are replaced, too."""
_HINT = "Give a picture or a clip of the set alone, at the footage's own size."


class Plate(Protocol):
    """Gives each frame without the actor; BackgroundPlate is one."""

    def clean(self, index: int, frame: Picture, person: Mask) -> Picture:
        """`frame` [H, W, 3] with what `person` [H, W] covers, and a rim about it, replaced."""

    def painted(self, index: int) -> Bools:
        """Pixels [H, W] of a frame that were made up."""


def check_plate(settings: Settings, clip: FrameSource) -> None:
    """Refuse a plate that is none for this clip. Raises InputError."""
    if settings.plate:
        with _opened(Path(settings.plate), clip):
            return


@contextmanager
def plate_for(
    settings: Settings, clip: FrameSource, recovered: Callable[[], BackgroundPlate]
) -> Iterator[Plate]:
    """The plate that the settings ask for; `recovered` makes the clip's own where it is needed.

    The user's own stays open inside. Raises InputError where it is none for this clip.
    """
    if not settings.plate:
        yield recovered()
        return
    with _opened(Path(settings.plate), clip) as read:
        if settings.plate_fit is PlateFit.AS_IS:
            yield _AsItIs(read)
        else:
            yield _Registered(read, recovered())


@contextmanager
def _opened(path: Path, clip: FrameSource) -> Iterator[Callable[[int], Picture]]:
    """Reads the plate's picture [H, W, 3] for each frame used of the clip."""
    if not path.exists():
        raise InputError("plate-missing", f"The plate {path} does not exist.", _HINT)
    if path.is_file() and (size := _picture_size(path)) is not None:
        _check_size(path, size, clip)
        still = picture_file.read_image(path)
        yield lambda index: still
        return
    with open_clip(reference_for(path)) as own:
        _check_size(path, own.size, clip)
        yield _by_frame(path, own, clip)


def _picture_size(path: Path) -> tuple[int, int] | None:
    """(width, height) of a picture; None for a file that may be a clip."""
    try:
        return picture_file.image_size(path)
    except InputError:
        return None


def _check_size(path: Path, size: tuple[int, int], clip: FrameSource) -> None:
    if size != clip.size:
        raise InputError(
            "plate-size",
            f"The plate {path} is {size[0]}x{size[1]} pixels, but the footage is "
            f"{clip.size[0]}x{clip.size[1]}.",
            "Make it at the footage's own size.",
        )


def _by_frame(path: Path, own: Clip, clip: FrameSource) -> Callable[[int], Picture]:
    whole = int(getattr(getattr(clip, "info", None), "count", clip.count))
    first = int(getattr(clip, "first", 0))
    if own.count == 1:
        return lambda index: own.read(0)
    if own.count == whole:
        return lambda index: own.read(first + index)
    if own.count == clip.count:
        return own.read
    asked = f"{clip.count}" if whole == clip.count else f"{clip.count} or {whole}"
    raise InputError(
        "plate-count",
        f"The plate {path} has {own.count} frames, but {asked} are needed.",
        "Give one picture, or a clip as long as the footage.",
    )


def _rim(shape: tuple[int, ...]) -> int:
    return max(_LEAST_RIM, round(_RIM * max(shape[:2])))


class _AsItIs:
    """The plate's pixels exactly."""

    def __init__(self, read: Callable[[int], Picture]) -> None:
        self._read = read

    def clean(self, index: int, frame: Picture, person: Mask) -> Picture:
        """See Plate."""
        covered = grown(person, _rim(frame.shape))
        if not covered.any():
            return frame.copy()
        return np.where(covered[..., None], self._read(index), frame)

    def painted(self, index: int) -> Bools:
        """See Plate: nothing."""
        return np.zeros(self._read(index).shape[:2], np.bool_)


class _Registered:
    """The plate is the set as the first frame saw it, and is seen as the camera moved from there.

    Where it does not reach, the recovered plate shows. Light and colour follow the frame.
    """

    def __init__(self, read: Callable[[int], Picture], recovered: BackgroundPlate) -> None:
        self._read, self._recovered = read, recovered
        self._motion: CameraMotion = recovered.parts()[1]

    def clean(self, index: int, frame: Picture, person: Mask) -> Picture:
        """See Plate."""
        covered = grown(person, _rim(frame.shape))
        if not covered.any():
            return frame.copy()
        own, there = self._seen(index)
        own = exposed(own, exposure(own, frame, there & ~covered))
        if not there.all():
            own = np.where(there[..., None], own, self._recovered.lit(index, frame, covered))
        reach = max(8.0, 0.03 * max(frame.shape[:2]))
        own = match_tone(own, frame, covered, covered, reach)
        return np.where(covered[..., None], own, frame)

    def painted(self, index: int) -> Bools:
        """See Plate: only what the plate does not reach."""
        _, there = self._seen(index)
        if there.all():
            return ~there
        return np.asarray(self._recovered.painted(index) & ~there, np.bool_)

    def _seen(self, index: int) -> tuple[Picture, Bools]:
        """The plate [H, W, 3] in a frame's view, and where it reaches [H, W]."""
        import cv2

        picture = self._read(index)
        if self._motion.steady:
            return picture, np.ones(picture.shape[:2], np.bool_)
        height, width = picture.shape[:2]
        matrix = self._motion.between(0, index)
        seen = cv2.warpPerspective(
            picture, matrix, (width, height), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        inside = np.full((height, width), 255, np.uint8)
        there = cv2.warpPerspective(inside, matrix, (width, height)) == 255
        return np.asarray(seen, np.uint8), np.asarray(there, np.bool_)
