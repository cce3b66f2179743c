"""Where the actor will be: the target mask, predicted from the actor's widths and warped parts.

Three opinions are mixed: limbs drawn with the measured widths, parts of the actor's own masks
warped to the target pose, and (where there is one) the mask of the person or character whose
motion it is, moved along with its skeleton.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.frame_choice import choose_frames
from mf_backend.body.layers import ARMS, TRUNK, Cut, Layer, cut
from mf_backend.body.limb_widths import BodyWidths, measure_widths
from mf_backend.body.outline import draw_body
from mf_backend.body.sprites import Sprite, cut_sprite, drawing_order, held_sprite, warp_sprite
from mf_backend.body.whole_skeleton import HEAD, FullSkeleton, complete
from mf_backend.retarget.alignment import similarity_between

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

_WORKING_SIDE = 640
"""Longest side in pixels at which masks are predicted; they are smooth and enlarged after."""
_MOST_CANDIDATES = 48
# Between the reference cases, whose predicted masks a network made (0.35 is best there, by 0.001
# alone and 0.003 with a given mask) and filmed people, whose true outline is known (0.65 and more).
_WARP = 0.5
_GIVEN = 0.45
_BLUR = 0.04
"""Spread of each opinion before mixing, in torso lengths: they disagree by about that much."""
_HEAD_REACH = 0.45
"""Torso lengths from the head's centre within which the warped parts alone count: hair has no
width that a limb could tell, and a character whose mask is given has other hair."""


@dataclass(frozen=True)
class PersonModel:
    """What warping the actor needs, in pixels of the pictures it is used on."""

    source: FullSkeleton
    target: FullSkeleton
    widths: BodyWidths
    """The actor's half widths in the source."""
    ratio: float
    """Source pixels for one target pixel: the person's size in both."""
    candidates: NDArray[np.int64]
    """Frames with a usable mask."""
    choice: dict[str, NDArray[np.int64]]
    """Frame that supplies each layer, by layer name, int [frames]."""

    def scaled(self, factor: float) -> PersonModel:
        """The same model for pictures `factor` times as large."""
        skeletons = [
            FullSkeleton((s.points + 0.5) * factor - 0.5, s.seen, s.unit * factor, s.present)
            for s in (self.source, self.target)
        ]
        return PersonModel(
            skeletons[0], skeletons[1], self.widths.scaled(factor), self.ratio,
            self.candidates, self.choice,
        )  # fmt: skip

    @property
    def target_widths(self) -> BodyWidths:
        """The actor's half widths at the target's size."""
        return self.widths.scaled(1 / self.ratio)


def working_scale(size: tuple[int, int]) -> float:
    """The scale, at most 1, at which masks of a clip of `size` are predicted."""
    return min(1.0, _WORKING_SIDE / max(size))


def model_person(
    source_joints: NDArray[Any],
    target_joints: NDArray[Any],
    source_mask: Callable[[int], Mask],
    size: tuple[int, int],
    scale: float = 1.0,
    ratio: float = 1.0,
) -> PersonModel | None:
    """Measure the actor; joints [frames, 60, 2] in pixels of a picture of `size`.

    `source_mask(i)` gives the mask at that size; `scale` shrinks everything returned (and masks
    while measuring). `ratio` is the actor's size over the target's. None where no frame has a mask.
    """
    import cv2

    small = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    shrink = np.array(small) / np.array(size)
    source_small = np.asarray(source_joints, np.float64) * shrink
    target_small = np.asarray(target_joints, np.float64) * shrink
    source, target = complete(source_small, small), complete(target_small)
    count = len(source.points)
    wanted = np.unique(np.linspace(0, count - 1, min(count, _MOST_CANDIDATES)).round().astype(int))
    masks: dict[int, Mask] = {}
    for i in wanted:
        mask = cv2.resize(source_mask(int(i)), small, interpolation=cv2.INTER_AREA)
        if (mask >= 128).sum() > 0.002 * mask.size and source.seen[i, 1]:
            masks[int(i)] = mask
    if not masks:
        return None
    candidates = np.array(sorted(masks))
    widths = measure_widths(source, lambda i: masks[i], list(masks))
    choice = choose_frames(source, target, widths, candidates, small, ratio)
    return PersonModel(source, target, widths, ratio, candidates, choice)


def predict_target_masks(
    source_joints: NDArray[Any],
    target_joints: NDArray[Any],
    source_mask: Callable[[int], Mask],
    size: tuple[int, int],
    given: Callable[[int], Mask | None] | None = None,
    given_joints: NDArray[Any] | None = None,
    ratio: float = 1.0,
) -> Iterator[tuple[Mask, Mask]]:
    """Yield (hard mask of 0 and 255, soft matte), uint8 [height, width], for each frame.

    Joints [frames, 60, 2] after alignment, in pixels of `size` (width, height). `source_mask(i)`:
    the actor's mask or matte. `given(i)`: mask [height, width] of the target person or of the
    scene's character in the picture `given_joints` (the joints before alignment) refer to, or
    None. `ratio` is the actor's size over the target's. The hard mask covers the aligned skeleton
    and is empty where there is none for longer; the soft one is 0 outside the hard one.
    """
    import cv2

    scale = working_scale(size)
    model = model_person(source_joints, target_joints, source_mask, size, scale, ratio)
    count = len(target_joints)
    if model is None:
        # No mask at all: the default widths of the skeleton's own size.
        source = complete(np.asarray(target_joints, np.float64) * scale)
        widths = measure_widths(source, lambda i: np.zeros((2, 2), np.uint8), [])
        model = PersonModel(source, source, widths, 1.0, np.empty(0, np.int64), {})
    small = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    sprites = _MaskSprites(model, source_mask, small)
    for i in range(count):
        if not model.target.present[i]:
            yield np.zeros(size[::-1], np.uint8), np.zeros(size[::-1], np.uint8)
            continue
        opinion = _mixed(model, sprites, i, small)
        hint = given(i) if given is not None else None
        if hint is not None:
            before = target_joints[i] if given_joints is None else given_joints[i]
            blur = _BLUR * model.target_widths.unit
            opinion = _with_given(opinion, hint, before, target_joints[i], size, small, blur)
        core = draw_body(model.target.points[i], model.target_widths.scaled(0.5), small)
        opinion = np.maximum(opinion, core.astype(np.float32) / 255)
        full = cv2.resize(opinion, size, interpolation=cv2.INTER_LINEAR)
        hard = np.where(full >= 0.5, 255, 0).astype(np.uint8)
        yield hard, _soft_inside(hard, size, scale)


def _soft_inside(hard: Mask, size: tuple[int, int], scale: float) -> Mask:
    """A matte that is 0 outside `hard` and rises to 255 over a few pixels inside."""
    import cv2

    feather = max(1.5, 0.005 * min(size))
    # Without padding the picture's own edge would count as the mask's edge.
    padded = cv2.copyMakeBorder(hard, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    ramp = np.clip(depth / feather, 0, 1)
    return np.asarray(np.rint(255 * ramp), np.uint8)


class _MaskSprites:
    """Layers' mattes cut from the clip's masks, made when first asked for."""

    def __init__(
        self, model: PersonModel, source_mask: Callable[[int], Mask], small: tuple[int, int]
    ) -> None:
        self._model, self._mask, self._small = model, source_mask, small
        self._cuts: dict[int, tuple[Cut | None, Mask]] = {}
        self._sprites: dict[tuple[str, int, bool], Sprite | None] = {}

    def get(self, layer: Layer, frame: int, held: bool = False) -> Sprite | None:
        """A layer of a frame, or what its hand holds there; None where there is nothing."""
        import cv2

        if frame not in self._cuts:
            mask = cv2.resize(self._mask(frame), self._small, interpolation=cv2.INTER_AREA)
            pieces = cut(mask, self._model.source.points[frame], self._model.widths)
            self._cuts[frame] = (pieces, mask)
        key = (layer.name, frame, held)
        if key not in self._sprites:
            pieces, mask = self._cuts[frame]
            make = held_sprite if held else cut_sprite
            points = self._model.source.points[frame]
            self._sprites[key] = (
                None if pieces is None else make(layer, pieces, mask, points, self._model.widths)
            )
        return self._sprites[key]


def _mixed(model: PersonModel, sprites: _MaskSprites, index: int, small: tuple[int, int]) -> Floats:
    """Limbs drawn with widths and warped parts, mixed; float32 [h, w] 0..1."""
    import cv2

    points = model.target.points[index]
    body = draw_body(points, model.target_widths, small).astype(np.float32) / 255
    if not model.candidates.size:
        return body
    clear = np.ones((small[1], small[0]), np.float32)
    held = np.zeros_like(clear)
    about_head = _about_head(points, model.target_widths.unit, small)
    for layer in drawing_order(points):
        frame = int(model.choice[layer.name][index])
        for holding in (False, True) if layer in ARMS else (False,):
            sprite = sprites.get(layer, frame, holding)
            if sprite is None:
                continue
            drawn = warp_sprite(sprite, points, model.target_widths, model.ratio, small)
            if drawn is None:
                continue
            (x0, y0, x1, y1), picture = drawn
            alpha = picture[..., -1].astype(np.float32) / 255
            if holding:
                held[y0:y1, x0:x1] = np.maximum(held[y0:y1, x0:x1], alpha)
                continue
            clear[y0:y1, x0:x1] *= 1 - alpha
            if layer is TRUNK:
                hair = alpha * about_head[y0:y1, x0:x1]
                held[y0:y1, x0:x1] = np.maximum(held[y0:y1, x0:x1], hair)
    blur = _BLUR * model.target_widths.unit
    soft_body = cv2.GaussianBlur(body, (0, 0), blur)
    soft_warp = cv2.GaussianBlur(1 - clear, (0, 0), blur)
    # No width was measured for hair and for what a hand holds: there the warped parts alone know.
    return np.asarray(np.maximum((1 - _WARP) * soft_body + _WARP * soft_warp, held), np.float32)


def _about_head(points: NDArray[Any], unit: float, small: tuple[int, int]) -> Floats:
    """Float32 [h, w]: 1 within reach of the head's centre, fading to 0 behind it."""
    rows, columns = np.ogrid[: small[1], : small[0]]
    away = np.hypot(columns - points[HEAD][0], rows - points[HEAD][1])
    reach = _HEAD_REACH * unit
    return np.asarray(np.clip((reach - away) / (0.15 * reach) + 0.5, 0, 1), np.float32)


def _with_given(
    opinion: Floats,
    hint: Mask,
    before: NDArray[Any],
    after: NDArray[Any],
    size: tuple[int, int],
    small: tuple[int, int],
    blur: float,
) -> Floats:
    """Mix in a mask of the target person, moved from its own skeleton to the aligned one."""
    import cv2

    matrix = similarity_between(np.asarray(before, np.float64), np.asarray(after, np.float64))
    shrink = np.diag([small[0] / size[0], small[1] / size[1]])
    matrix = shrink @ matrix
    moved = cv2.warpAffine(hint, matrix, small, flags=cv2.INTER_LINEAR).astype(np.float32) / 255
    moved = cv2.GaussianBlur(moved, (0, 0), blur)
    return np.asarray((1 - _GIVEN) * opinion + _GIVEN * moved, np.float32)
