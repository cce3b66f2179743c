"""A window around the actor at the engine's own size, and back into the clip's frames."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError

_MOST_ENLARGED = 2.0
"""Small actors are enlarged at most by this factor."""
_WHOLE = 0.7
"""A window that needs more than this share of the picture takes all of it."""


@dataclass(frozen=True)
class Window:
    """A rectangle of the clip, and the size at which an engine sees it.

    The rectangle may reach beyond the picture; what lies there repeats the picture's edge.
    """

    x: int
    y: int
    width: int
    height: int
    size: tuple[int, int]
    """(width, height) for the engine, multiples of its own step."""

    @property
    def scale(self) -> tuple[float, float]:
        """Engine pixels for one clip pixel, horizontally and vertically."""
        return self.size[0] / self.width, self.size[1] / self.height

    def crop(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The window's part of a frame or matte [H, W(, 3)], at the engine's size."""
        return self.resized(self.cut(picture))

    def resized(self, part: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture [height, width(, 3)] of the window in the clip, at the engine's size."""
        import cv2

        if (self.width, self.height) == self.size:
            return part
        shrinks = self.size[0] < self.width
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(part, self.size, interpolation=how), np.uint8)

    def crop_mask(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The window's part of a hard mask [H, W], still 0 and 255; outside the picture 0."""
        import cv2

        part = self.cut(mask, repeat=False)
        if (self.width, self.height) != self.size:
            how = cv2.INTER_AREA if self.size[0] < self.width else cv2.INTER_LINEAR
            part = cv2.resize(part, self.size, interpolation=how)
        return np.where(part >= 128, 255, 0).astype(np.uint8)

    def joints(self, joints: NDArray[Any]) -> NDArray[np.float32]:
        """Joints [..., 2] of the clip in the window's pixels ((0, 0) a pixel's centre)."""
        scale = np.array(self.scale)
        moved = (np.asarray(joints, np.float64) - (self.x, self.y) + 0.5) * scale - 0.5
        return np.asarray(moved, np.float32)

    def put_back(self, edited: NDArray[np.uint8], frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`frame` [H, W, 3] with the window replaced by `edited` [h, w, 3] at the clip's size.

        Composite the result with `blend.composite` to keep the pixels outside the masks.
        """
        return self.lay_in(self.enlarge(edited), frame)

    def enlarge(self, picture: NDArray[Any]) -> NDArray[Any]:
        """A picture [h, w(, 3)] of the engine's size at that of the window in the clip."""
        import cv2

        if (self.width, self.height) == self.size:
            return picture
        how = cv2.INTER_CUBIC if self.size[0] < self.width else cv2.INTER_AREA
        return np.asarray(cv2.resize(picture, (self.width, self.height), interpolation=how))

    def lay_in(self, edited: NDArray[np.uint8], frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`frame` [H, W, 3] with the window replaced by `edited` [height, width, 3] of its size."""
        out = frame.copy()
        height, width = frame.shape[:2]
        x0, y0 = max(0, self.x), max(0, self.y)
        x1, y1 = min(width, self.x + self.width), min(height, self.y + self.height)
        out[y0:y1, x0:x1] = edited[y0 - self.y : y1 - self.y, x0 - self.x : x1 - self.x]
        return out

    def cut(self, picture: NDArray[np.uint8], repeat: bool = True) -> NDArray[np.uint8]:
        """The window's part of a frame or matte [H, W(, 3)] in the clip's pixels; beyond the
        picture its edge goes on, or 0 unless `repeat`."""
        import cv2

        height, width = picture.shape[:2]
        x0, y0 = max(0, self.x), max(0, self.y)
        x1, y1 = min(width, self.x + self.width), min(height, self.y + self.height)
        part = picture[y0:y1, x0:x1]
        before = (y0 - self.y, self.y + self.height - y1, x0 - self.x, self.x + self.width - x1)
        if any(before):
            how = cv2.BORDER_REPLICATE if repeat else cv2.BORDER_CONSTANT
            part = cv2.copyMakeBorder(part, *before, how, value=0)
        return np.ascontiguousarray(part)


def union_box(masks: Iterable[NDArray[np.uint8]]) -> tuple[int, int, int, int] | None:
    """Box x0, y0, x1, y1 (exclusive) of everything set in any of the masks; None where empty."""
    low = np.array([np.inf, np.inf])
    high = np.array([-np.inf, -np.inf])
    for mask in masks:
        rows, columns = np.flatnonzero(mask.max(1)), np.flatnonzero(mask.max(0))
        if rows.size:
            low = np.minimum(low, (columns[0], rows[0]))
            high = np.maximum(high, (columns[-1] + 1, rows[-1] + 1))
    if not np.isfinite(low).all():
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def plan_window(
    box: tuple[int, int, int, int] | None,
    clip_size: tuple[int, int],
    area: int = 512 * 512,
    multiple: int = 64,
    margin: float = 0.12,
) -> Window:
    """One window for the whole clip around `box` (x0, y0, x1, y1 exclusive; None: everything).

    The engine's size has about `area` pixels and sides that are multiples of `multiple`; the
    window takes that aspect exactly to the pixel. A clip that already has such a size, or whose
    actor fills it, is taken whole. Raises InputError where `area` is too small for one step.
    """
    if area < multiple * multiple:
        raise InputError("window-small", f"A window of {area} pixels is too small.")
    width, height = clip_size
    whole = (0, 0, width, height)
    if box is None:
        box = whole
    pad_x, pad_y = margin * (box[2] - box[0]), margin * (box[3] - box[1])
    x0, y0 = max(0.0, box[0] - pad_x), max(0.0, box[1] - pad_y)
    x1, y1 = min(float(width), box[2] + pad_x), min(float(height), box[3] + pad_y)
    fits = width % multiple == 0 and height % multiple == 0 and width * height <= area
    if fits or (x1 - x0) * (y1 - y0) >= _WHOLE * width * height:
        x0, y0, x1, y1 = (float(v) for v in whole)
    if fits:
        return Window(0, 0, width, height, (width, height))
    w, h = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    enlarge = min(_MOST_ENLARGED, (area / (w * h)) ** 0.5)
    size = tuple(max(multiple, round(v * enlarge / multiple) * multiple) for v in (w, h))
    # The window grows in the direction in which the rounded size is roomier.
    k = max(w / size[0], h / size[1])
    out_w, out_h = round(size[0] * k), round(size[1] * k)
    x = _shift((x0 + x1) / 2, out_w, width)
    y = _shift((y0 + y1) / 2, out_h, height)
    return Window(x, y, out_w, out_h, (size[0], size[1]))


def plan_square(
    box: tuple[int, int, int, int] | None,
    clip_size: tuple[int, int],
    side: int,
    margin: float = 0.12,
    *,
    whole: bool = True,
) -> Window:
    """A square around `box` (x0, y0, x1, y1 exclusive; None: everything), seen at `side` pixels.

    With `whole` a picture that has this size is taken as it is. Where the square is larger than
    the picture it reaches beyond on both sides.
    """
    if whole and clip_size == (side, side):
        return Window(0, 0, side, side, (side, side))
    x0, y0, x1, y1 = box or (0, 0, *clip_size)
    length = max(1, round(max(x1 - x0, y1 - y0) * (1 + 2 * margin)))
    x, y = (
        _shift((low + high) / 2, length, limit)
        for low, high, limit in zip((x0, y0), (x1, y1), clip_size, strict=True)
    )
    return Window(x, y, length, length, (side, side))


def _shift(centre: float, length: int, limit: int) -> int:
    """Start of a span of `length` about `centre`, moved into 0..limit where it fits."""
    if length >= limit:
        return (limit - length) // 2
    return int(np.clip(round(centre - length / 2), 0, limit - length))
