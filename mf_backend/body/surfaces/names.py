"""The surfaces that an actor is drawn from, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from mf_backend.body.bones import BONE
from mf_backend.body.bones import SKIRT as CLOTH
from mf_backend.body.limb_widths import BodyWidths


class Kind(Enum):
    """How a surface bends."""

    CHAIN = auto()
    """A limb: bones one after another."""
    TRUNK = auto()
    HEAD = auto()
    SKIRT = auto()
    """Cloth about both legs."""


@dataclass(frozen=True)
class Surface:
    """Bones that are drawn together, with a texture of their own."""

    name: str
    kind: Kind
    bones: tuple[str, ...]
    """Names in BONE; for a limb from its root outwards."""
    margin: float
    """How far its pixels may lie from its bones, in torso lengths."""
    mirror: str = ""
    """The surface on the other side; empty where there is none."""
    words: str = ""
    """What people call it."""

    @property
    def points(self) -> tuple[int, ...]:
        """Indices of the skeleton's points along a limb, root first."""
        return (BONE[self.bones[0]].a, *(BONE[name].b for name in self.bones))


def _limb(side: str, kind: str, bones: tuple[str, ...], margin: float) -> Surface:
    other = "left" if side == "right" else "right"
    return Surface(
        f"{side}_{kind}",
        Kind.CHAIN,
        tuple(f"{side}_{bone}" for bone in bones),
        margin,
        f"{other}_{kind}",
        f"{side} {kind}",
    )


RIGHT_LEG, LEFT_LEG = (_limb(s, "leg", ("thigh", "shin", "foot"), 0.45) for s in ("right", "left"))
RIGHT_ARM, LEFT_ARM = (
    _limb(s, "arm", ("upper_arm", "forearm", "hand"), 0.5) for s in ("right", "left")
)
TRUNK = Surface("trunk", Kind.TRUNK, ("shoulders",), 0.75, words="body")
HEAD = Surface("head", Kind.HEAD, ("head",), 0.75, words="head")
SKIRT = Surface("skirt", Kind.SKIRT, (CLOTH,), 0.5, words="skirt")
LEGS, ARMS = (RIGHT_LEG, LEFT_LEG), (RIGHT_ARM, LEFT_ARM)
SURFACES = (*LEGS, TRUNK, HEAD, *ARMS)
"""Of everybody."""
SURFACE = {surface.name: surface for surface in (*SURFACES, SKIRT)}


def surfaces_of(widths: BodyWidths) -> tuple[Surface, ...]:
    """What an actor is drawn from."""
    return SURFACES if widths.skirt is None else (*SURFACES, SKIRT)
