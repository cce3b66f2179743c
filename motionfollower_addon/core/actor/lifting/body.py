"""The points and bones of a lifted figure, with the usual lengths of a person.

Besides the skeleton's body joints (without the neck, which is drawn between the shoulders) there
are four points inside: pelvis, waist, chest and head. Hips hang on the pelvis and shoulders on the
chest by bones of their own, so that each of the four limbs can be as near to the camera as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from mf_backend.skeleton.joints import BODY_JOINTS, JOINT_INDEX

INNER = ("pelvis", "waist", "chest", "head")
SEEN = tuple(name for name in BODY_JOINTS if name != "neck")
POINTS = (*INNER, *SEEN)
POINT = {name: index for index, name in enumerate(POINTS)}
JOINT_OF = tuple(JOINT_INDEX[name] for name in SEEN)
"""Skeleton joint of each point after the inner ones."""

STATURE = 1.7
"""Metres of a person with the lengths below."""


@dataclass(frozen=True)
class Link:
    """A bone between two points, `length` in metres for a person of `STATURE`."""

    start: int
    end: int
    length: float
    group: str
    """Links of one group are equally long: both sides of a person."""


def _links() -> tuple[Link, ...]:
    table = [
        ("pelvis", "waist", 0.20, "spine"),
        ("waist", "chest", 0.20, "spine"),
        ("chest", "head", 0.25, "neck"),
        ("head", "nose", 0.11, "nose"),
    ]
    for side in ("right", "left"):
        table += [
            ("pelvis", f"{side}_hip", 0.115, "pelvis"),
            (f"{side}_hip", f"{side}_knee", 0.42, "thigh"),
            (f"{side}_knee", f"{side}_ankle", 0.41, "shin"),
            ("chest", f"{side}_shoulder", 0.18, "collar"),
            (f"{side}_shoulder", f"{side}_elbow", 0.285, "upper arm"),
            (f"{side}_elbow", f"{side}_wrist", 0.25, "forearm"),
            ("head", f"{side}_eye", 0.10, "eye"),
            ("head", f"{side}_ear", 0.075, "ear"),
        ]
    return tuple(Link(POINT[a], POINT[b], length, group) for a, b, length, group in table)


LINKS = _links()
"""Every bone of the body, parents before their children."""
GROUPS = tuple(dict.fromkeys(link.group for link in LINKS))

BRACES = tuple(
    (POINT[a], POINT[b], length)
    for a, b, length in (
        ("right_eye", "left_eye", 0.065),
        ("right_ear", "left_ear", 0.15),
        ("nose", "right_eye", 0.055),
        ("nose", "left_eye", 0.055),
        ("right_eye", "right_ear", 0.105),
        ("left_eye", "left_ear", 0.105),
    )
)
"""Distances (point, point, metres) that keep a face in shape; about right, unlike a link."""

PELVIS_RISE, CHEST_DROP = 0.055, 0.06
"""The pelvis lies above the middle of the hips, the chest below that of the shoulders; metres."""
