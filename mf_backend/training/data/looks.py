"""The same shot in another look: mirrored, in other colours, before another set."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import JOINT_INDEX
from mf_backend.training.data.shots import Array, Shot, Take
from mf_backend.training.recipe import Recipe

Matrix = NDArray[np.float32]
_GREY = 1 / math.sqrt(3)


def _other_side(name: str) -> str:
    for side, other in (("left", "right"), ("right", "left")):
        if name.startswith(side):
            return other + name.removeprefix(side)
    return name


_MIRRORED = np.array([JOINT_INDEX[_other_side(name)] for name in JOINT_INDEX])
"""The joint that each joint is in a mirror."""


@dataclass(frozen=True)
class Look:
    """How one sample's shot is seen; `person` and `ground` are colour matrices float32 [3, 3]."""

    mirrored: bool = False
    person: Matrix | None = None
    ground: Matrix | None = None
    plate: Array | None = None
    """Another shot's set [S, S, 3]."""


def draw_look(random: np.random.Generator, recipe: Recipe, shot: Shot, others: list[Shot]) -> Look:
    """A look by chance. Draws the same number of values whatever comes of them."""
    chances = random.random(3)
    person, ground = _colours(random), _colours(random)
    number = int(random.integers(max(len(others), 1)))
    recoloured = bool(chances[1] < recipe.recoloured)
    plate = None
    if chances[2] < recipe.other_ground and shot.plate is not None and others:
        plate = others[number].plate
    return Look(
        bool(chances[0] < recipe.mirrored),
        person if recoloured else None,
        ground if recoloured else None,
        plate,
    )


def _colours(random: np.random.Generator) -> Matrix:
    """A turn of all hues about grey, a gain of each colour."""
    angle, gains = random.uniform(0, 2 * math.pi), random.uniform(0.7, 1.3, 3)
    cosine, sine = math.cos(angle), math.sin(angle) * _GREY
    turn = cosine * np.eye(3) + (1 - cosine) / 3
    turn += sine * np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    matrix: Matrix = (np.diag(gains) @ turn).astype(np.float32)
    return matrix


def seen(take: Take, frame: int, look: Look, plate: Array | None) -> tuple[Array, Array]:
    """A frame in a look and its matte: uint8 [S, S, 3] and [S, S]. `plate` is its own shot's."""
    picture, matte = take.pictures[frame], take.mattes[frame]
    if look.person is not None or look.plate is not None:
        share = matte[..., None].astype(np.float32) / 255
        ground = picture.astype(np.float32)
        if look.plate is not None and plate is not None:
            # What the person does to a pixel stays, before another set.
            ground = look.plate.astype(np.float32)
            person = picture + (1 - share) * (ground - plate.astype(np.float32))
        else:
            person = ground
        if look.person is not None and look.ground is not None:
            person, ground = person @ look.person.T, ground @ look.ground.T
        mixed = share * person + (1 - share) * ground
        picture = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    if look.mirrored:
        picture, matte = picture[:, ::-1], matte[:, ::-1]
    return np.ascontiguousarray(picture), np.ascontiguousarray(matte)


def seen_draft(draft: Array, look: Look) -> Array:
    """A draft [S, S, 3] in a look that has one colour matrix for person and set."""
    if look.person is not None:
        draft = np.clip(np.rint(draft.astype(np.float32) @ look.person.T), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(draft[:, ::-1] if look.mirrored else draft)


def seen_joints(take: Take, frame: int, look: Look) -> NDArray[np.float32]:
    """Joints [60, 2] of a frame in a look."""
    joints: NDArray[np.float32] = take.joints[frame]
    if not look.mirrored:
        return joints
    turned: NDArray[np.float32] = joints[_MIRRORED].copy()
    turned[:, 0] = take.pictures.shape[2] - 1 - turned[:, 0]
    return turned
