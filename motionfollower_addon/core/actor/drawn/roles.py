"""What layers of a mask may be for, in words for people."""

from __future__ import annotations

from mf_backend.actor.mends.mask_layers import MaskRole

ROLES: dict[MaskRole, tuple[str, str]] = {
    MaskRole.ADD: ("Add", "What the layer covers is the actor's"),
    MaskRole.CUT: ("Cut", "What the layer covers is not the actor's"),
    MaskRole.FRONT: (
        "In Front",
        "What the layer covers is in front of the actor wherever he goes, and stays as filmed",
    ),
    MaskRole.RIGHT_HAND: (
        "In Right Hand",
        "What the layer covers is a thing in the actor's right hand, and moves with it",
    ),
    MaskRole.LEFT_HAND: (
        "In Left Hand",
        "What the layer covers is a thing in the actor's left hand, and moves with it",
    ),
}
"""Label and tooltip of each role."""


def role_label(role: MaskRole) -> str:
    """Its label."""
    return ROLES[role][0]
