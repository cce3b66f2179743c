"""Where the actor will be: the target mask, predicted from the actor's widths and warped parts.

Three opinions are mixed: limbs drawn with the measured widths, parts of the actor's own masks
warped to the target pose, and (where there is one) the mask of the person or character whose
motion it is, moved along with its skeleton.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.limb_widths import measure_widths
from mf_backend.body.outline import draw_body
from mf_backend.body.person import PersonModel, model_person, working_scale
from mf_backend.body.surfaces.gathering import ActorSurfaces
from mf_backend.body.surfaces.names import HEAD, surfaces_of
from mf_backend.body.whole_skeleton import HEAD as HEAD_POINT
from mf_backend.body.whole_skeleton import complete
from mf_backend.contracts.findings import NO_FINDINGS, Findings
from mf_backend.retarget.alignment import similarity_between

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

# Between the reference cases, whose predicted masks a network made (0.5 is best there, by 0.002)
# and filmed people, whose true outline is known (0.65 and more).
_WARP = 0.6
_GIVEN = 0.45
_SURFACES_SIDE = 384
"""Longest side in pixels at which surfaces are drawn for that."""
_BLUR = 0.04
"""Spread of each opinion before mixing, in torso lengths: they disagree by about that much."""
_HEAD_REACH = 0.45
"""Torso lengths from the head's centre within which the warped parts alone count: hair has no
width that a limb could tell."""
_HAIR = 0.85
"""How far they count there: not quite enough against the mask of a person with other hair."""


def predict_target_masks(
    source_joints: NDArray[Any],
    target_joints: NDArray[Any],
    source_mask: Callable[[int], Mask],
    size: tuple[int, int],
    given: Callable[[int], Mask | None] | None = None,
    given_joints: NDArray[Any] | None = None,
    ratio: float = 1.0,
    over: Callable[[int], Mask | None] | None = None,
    findings: Findings = NO_FINDINGS,
) -> Iterator[tuple[Mask, Mask]]:
    """Yield (hard mask of 0 and 255, soft matte), uint8 [height, width], for each frame.

    Joints [frames, 60, 2] after alignment, in pixels of `size` (width, height). `source_mask(i)`:
    the actor's mask or matte. `given(i)`: mask [height, width] of the target person or of the
    scene's character in the picture `given_joints` (the joints before alignment) refer to, or
    None. `ratio` is the actor's size over the target's. `over(i)`: what may hide the actor in a
    frame of the clip, or None. `findings` keep what is the same for every motion. The hard mask
    covers the aligned skeleton and is empty where there is none for longer; the soft one is 0
    outside the hard one.
    """
    import cv2

    scale = working_scale(size)
    model = model_person(source_joints, target_joints, source_mask, size, scale, ratio, findings)
    count = len(target_joints)
    if model is None:
        # No mask at all: the default widths of the skeleton's own size.
        source = complete(np.asarray(target_joints, np.float64) * scale)
        widths = measure_widths(source, lambda i: np.zeros((2, 2), np.uint8), [])
        model = PersonModel(source, source, widths, 1.0, np.empty(0, np.int64))
    small = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    surfaces = _coarse_surfaces(model, source_mask, over, small) if model.candidates.size else None
    for i in range(count):
        if not model.target.present[i]:
            yield np.zeros(size[::-1], np.uint8), np.zeros(size[::-1], np.uint8)
            continue
        opinion = _mixed(model, surfaces, i, small)
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


def _coarse_surfaces(
    model: PersonModel, source_mask: Callable[[int], Mask],
    over: Callable[[int], Mask | None] | None, small: tuple[int, int],
) -> ActorSurfaces:  # fmt: skip
    """The actor's surfaces without colours, for pictures no longer than _SURFACES_SIDE."""
    import cv2

    factor = min(1.0, _SURFACES_SIDE / max(small))
    size = (max(2, round(small[0] * factor)), max(2, round(small[1] * factor)))

    def coarse(mask: Mask) -> Mask:
        return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)

    def coarse_over(index: int) -> Mask | None:
        found = None if over is None else over(index)
        return None if found is None else coarse(found)

    return ActorSurfaces(
        model.scaled(factor), size, lambda index: coarse(source_mask(index)), over=coarse_over
    )


def _mixed(
    model: PersonModel, surfaces: ActorSurfaces | None, index: int, small: tuple[int, int]
) -> Floats:
    """Limbs drawn with widths and warped surfaces, mixed; float32 [h, w] 0..1."""
    import cv2

    points = model.target.points[index]
    body = draw_body(points, model.target_widths, small).astype(np.float32) / 255
    if surfaces is None:
        return body
    width, height = surfaces.size
    clear = np.ones((height, width), np.float32)
    alone = np.zeros_like(clear)
    about_head = _about_head(surfaces.model, index, surfaces.size)
    for surface in surfaces_of(model.widths):
        drawn = surfaces.draw(surface, index)
        if drawn is None:
            continue
        x0, y0, x1, y1 = drawn.box
        box = np.s_[y0:y1, x0:x1]
        clear[box] *= 1 - drawn.alpha
        if surface is HEAD:
            alone[box] = np.maximum(alone[box], _HAIR * drawn.alpha * about_head[box])
        else:
            alone[box] = np.maximum(alone[box], drawn.alpha * drawn.unmeasured)
    blur = _BLUR * model.target_widths.unit
    soft_body = cv2.GaussianBlur(body, (0, 0), blur)
    clear, alone = (cv2.resize(v, small, interpolation=cv2.INTER_LINEAR) for v in (clear, alone))
    soft_warp = cv2.GaussianBlur(1 - clear, (0, 0), blur)
    # No width was measured for hair, feet and what a hand holds: there the surfaces alone know.
    return np.asarray(np.maximum((1 - _WARP) * soft_body + _WARP * soft_warp, alone), np.float32)


def _about_head(model: PersonModel, index: int, size: tuple[int, int]) -> Floats:
    """Float32 [h, w]: 1 within reach of the head's centre, fading to 0 behind it."""
    points, unit = model.target.points[index], model.target_widths.unit
    rows, columns = np.ogrid[: size[1], : size[0]]
    away = np.hypot(columns - points[HEAD_POINT][0], rows - points[HEAD_POINT][1])
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
