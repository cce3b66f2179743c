"""The background gathered from many frames in one frame's coordinates, by robust statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.motion import CameraMotion
from mf_backend.contracts.frames import Picture

Bools = NDArray[np.bool_]
Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]

_STRIP_BYTES = 48 << 20
"""Memory for the warped samples of one strip of the canvas."""
_FEW = 7
"""Samples of what no actor ever covered: there the statistics need not be strong."""
_TOLERANCE = 8.0
"""Grey levels about the median within which samples are averaged; noise lies within, people not."""
_MOST_GAIN = 1.6
_FEWEST_FOR_LIGHT = 4
_BRIGHT = 0.2
"""Share of the samples that are brighter than the one which is taken for light without shadow."""
_SHADED, _ONE_COLOUR = 0.94, 0.15
"""The usual light over the brighter one, up to which a shadow lay there; and how far the channels'
shares may lie apart."""


class Light(StrEnum):
    """Which of a pixel's lights the plate has where a shadow came and went."""

    USUAL = "usual"
    """The one that it has most of the time."""
    BRIGHTER = "brighter"
    """The one without the shadow, even where the shadow lay most of the time."""


@dataclass(frozen=True)
class Canvas:
    """A rectangle in the coordinates of frame `anchor`; it may reach beyond that frame."""

    anchor: int
    x: int
    y: int
    width: int
    height: int

    def from_frame(self, motion: CameraMotion, index: int) -> Matrix:
        """Homography that takes pixels of frame `index` to the canvas."""
        shift = np.array([[1, 0, -self.x], [0, 1, -self.y], [0, 0, 1.0]])
        return np.asarray(shift @ motion.between(index, self.anchor), np.float64)


@dataclass(frozen=True)
class Key:
    """A frame kept to gather from: the picture [H, W, 3], and where the actor hides it [H, W]."""

    picture: Picture
    hidden: Bools


def canvas_of(
    motion: CameraMotion, anchor: int, frames: Sequence[int], size: tuple[int, int]
) -> Canvas:
    """The canvas that holds all of `frames` (each of `size`, width and height) whole.

    Limited to half the frame's size beyond the frame on each side.
    """
    from mf_backend.actor.plate.registration import apply

    width, height = size
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    points = np.concatenate([apply(motion.between(i, anchor), corners) for i in frames])
    whole = np.array([width, height])
    low = np.clip(np.floor(points.min(0)), -whole // 2, 0).astype(int)
    high = np.clip(np.ceil(points.max(0)), whole, whole + whole // 2).astype(int)
    return Canvas(anchor, int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def gather(
    canvas: Canvas,
    keys: Mapping[int, Key],
    motion: CameraMotion,
    gains: Mapping[int, Floats],
    light: Light,
) -> tuple[Picture, Bools]:
    """What the keys say of the canvas: the picture, and where none saw it [height, width].

    `gains` [3] bring each key to the light of the canvas.
    """
    picture = np.zeros((canvas.height, canvas.width, 3), np.uint8)
    unseen = np.zeros((canvas.height, canvas.width), np.bool_)
    rows = max(8, _STRIP_BYTES // (len(keys) * canvas.width * 4))
    for top in range(0, canvas.height, rows):
        strip = Canvas(canvas.anchor, canvas.x, canvas.y + top, canvas.width,
                       min(rows, canvas.height - top))  # fmt: skip
        samples = [warp_key(strip, key, motion, k, gains[k]) for k, key in sorted(keys.items())]
        part = np.s_[top : top + strip.height]
        picture[part], unseen[part] = _robust(samples, _FEW)
        if light is Light.BRIGHTER and len(samples) >= _FEWEST_FOR_LIGHT:
            picture[part] = _brightened(picture[part], samples)
    return picture, unseen


def _brightened(picture: Picture, samples: Sequence[tuple[Picture, Bools]]) -> Picture:
    """`picture` [h, w, 3] in the light of the brighter samples where they differ as by light."""
    import cv2

    bright = np.zeros((picture.shape[0] * picture.shape[1], 3), np.float32)
    shown = np.stack([seen.ravel() for _, seen in samples])
    for part in np.array_split(np.arange(len(bright)), max(1, len(bright) // 40000)):
        values = np.stack([p.reshape(-1, 3)[part] for p, _ in samples]).astype(np.uint16)
        values[~shown[:, part]] = 0
        values.sort(axis=0)
        # Hidden samples are black and come first, so places are counted from the end.
        place = len(samples) - 1 - np.rint(_BRIGHT * (shown[:, part].sum(0) - 1)).astype(int)
        place = np.clip(place, 0, len(samples) - 1)
        bright[part] = np.take_along_axis(values, place[None, :, None], axis=0)[0]
    bright = bright.reshape(picture.shape)
    share = (picture + 4.0) / (bright + 4.0)
    shaded = (share.mean(axis=2) < _SHADED) & (np.ptp(share, axis=2) < _ONE_COLOUR)
    shaded &= shown.sum(0).reshape(shaded.shape) >= _FEWEST_FOR_LIGHT
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    # A moved edge differs, too, but only along a line.
    opened = cv2.morphologyEx(shaded.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    opened = cv2.dilate(opened, kernel) > 0
    return np.where(opened[..., None], np.maximum(bright, picture), picture).astype(np.uint8)


def warp_key(
    canvas: Canvas, key: Key, motion: CameraMotion, index: int, gain: Floats
) -> tuple[Picture, Bools]:
    """A key in the canvas: its picture, and where it shows the background [height, width]."""
    import cv2

    matrix = canvas.from_frame(motion, index)
    size = (canvas.width, canvas.height)
    shown = (~key.hidden).astype(np.uint8)
    if np.allclose(matrix, np.round(matrix), atol=1e-9) and np.allclose(matrix[:2, :2], np.eye(2)):
        how = cv2.INTER_NEAREST
    else:
        how = cv2.INTER_CUBIC
        # The picture's outermost pixels have no neighbours to be warped from.
        shown[[0, -1]] = 0
        shown[:, [0, -1]] = 0
    picture = cv2.warpPerspective(key.picture, matrix, size, flags=how)
    seen = cv2.warpPerspective(shown, matrix, size, flags=cv2.INTER_NEAREST)
    if (gain != 1).any():
        table = np.clip(np.arange(256)[:, None] * gain, 0, 255).round().astype(np.uint8)
        picture = cv2.LUT(picture, np.ascontiguousarray(table[None]))
    return np.asarray(picture, np.uint8), np.asarray(seen > 0, np.bool_)


def _robust(samples: Sequence[tuple[Picture, Bools]], fewest: int) -> tuple[Picture, Bools]:
    """Mean of the samples near their median, pixel by pixel; zeros where there is none."""
    shape = samples[0][1].shape
    pictures = [picture.reshape(-1, 3) for picture, _ in samples]
    shown = np.stack([seen.ravel() for _, seen in samples])
    count = shown.sum(0)
    out = np.zeros((shape[0] * shape[1], 3), np.uint8)
    always = count == len(samples)
    few = np.linspace(0, len(samples) - 1, min(fewest, len(samples))).round().astype(int)
    for places, chosen in (
        (np.flatnonzero(always), few),
        (np.flatnonzero(~always & (count > 0)), np.arange(len(samples))),
    ):
        for part in np.array_split(places, max(1, len(places) // 40000)):
            if part.size:
                values = np.stack([pictures[k][part] for k in chosen])
                out[part] = _near_median(values, shown[chosen][:, part])
    return out.reshape(*shape, 3), (count == 0).reshape(shape)


def _near_median(values: NDArray[np.uint8], shown: Bools) -> NDArray[np.uint8]:
    """[samples, pixels, 3] and [samples, pixels] to [pixels, 3]; at least one is shown of each."""
    # Beyond uint8 lies room for a marker that sorts behind every colour.
    ranked = np.where(shown[..., None], values.astype(np.uint16), np.uint16(999))
    ranked.sort(axis=0)
    seen = shown.sum(0)
    low, high = (seen - 1) // 2, seen // 2
    median = sum(
        np.take_along_axis(ranked, k[None, :, None], axis=0)[0].astype(np.float32)
        for k in (low, high)
    )
    middle = np.asarray(median, np.float32) / 2
    near = (np.abs(values - middle) <= _TOLERANCE).all(axis=2) & shown
    weight = near.astype(np.float32)[..., None]
    total = weight.sum(0)
    mean = (values * weight).sum(0) / np.maximum(total, 1)
    return np.asarray(np.rint(np.where(total > 0, mean, middle)), np.uint8)


def exposure_gains(
    canvas: Canvas, keys: Mapping[int, Key], motion: CameraMotion
) -> dict[int, Floats]:
    """What each key's channels [3] are multiplied by to have the light that most keys have."""
    import cv2

    scale = 8
    small = np.diag([1 / scale, 1 / scale, 1.0])
    size = (max(4, canvas.width // scale), max(4, canvas.height // scale))
    order = sorted(keys)
    stack = np.full((len(order), size[1] * size[0], 3), np.nan, np.float32)
    for place, k in enumerate(order):
        matrix = small @ canvas.from_frame(motion, k)
        blurred = cv2.blur(keys[k].picture, (scale, scale))
        picture = cv2.warpPerspective(blurred, matrix, size, flags=cv2.INTER_LINEAR)
        shown = cv2.erode((~keys[k].hidden).astype(np.uint8), np.ones((9, 9), np.uint8))
        shown[[0, -1]] = 0
        shown[:, [0, -1]] = 0
        seen = cv2.warpPerspective(shown, matrix, size, flags=cv2.INTER_NEAREST).ravel() > 0
        seen &= (picture.reshape(-1, 3).min(1) > 8) & (picture.reshape(-1, 3).max(1) < 248)
        stack[place, seen] = picture.reshape(-1, 3)[seen]
    known = np.isfinite(stack[..., 0]).sum(0) >= max(2, len(order) // 2)
    gains = {k: np.ones(3, np.float32) for k in order}
    if known.sum() < 30:
        return gains
    middle = np.nanmedian(stack[:, known], axis=0)
    for place, k in enumerate(order):
        ratio = middle / stack[place, known]
        if np.isfinite(ratio[:, 0]).sum() >= 30:
            gain = np.nanmedian(ratio, axis=0)
            # A gain that cannot be seen would only round every pixel anew.
            if np.abs(gain - 1).max() > 0.004:
                gains[k] = np.clip(gain, 1 / _MOST_GAIN, _MOST_GAIN).astype(np.float32)
    return gains
