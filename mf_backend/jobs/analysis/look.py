"""What of an analysis deserves a person's look, in rows of frames."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mf_backend.actor.store.about import Part
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.actor.store.reading import load_joints
from mf_backend.contracts.conditions import JointState
from mf_backend.skeleton.joints import LEFT_HAND, RIGHT_HAND

_SHORTEST = 3
"""Frames that a hand has to be carried or posed in a row to be worth a line."""
_UNSURE = 3
"""Joints of one frame on which the estimator's views disagree."""


@dataclass(frozen=True)
class Look:
    """Frames in a row that deserve a look, counted from 0 over the whole clip."""

    first: int
    last: int
    what: str
    """A few words: "right hand carried"."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {"first": self.first, "last": self.last, "what": self.what}


def things_to_look_at(actor: ActorFolder, part: Part, first: int, last: int) -> list[Look]:
    """What of frames `first` to `last` deserves a look, in the order of the frames."""
    (name,) = (name for name in part.files if name.endswith(".json"))
    figures = json.loads((actor.path / name).read_bytes())
    joints, masks = figures["joints"], figures["masks"]
    found = load_joints(actor)
    frames, state = found["frames"], found["state"]
    looks: list[Look] = []

    def add(what: str, hits: Iterable[int], shortest: int = 1) -> None:
        for start, stop in _rows(hits):
            if stop - start + 1 >= shortest and first <= stop and start <= last:
                looks.append(Look(max(start, first), min(stop, last), what))

    def shifted(values: Iterable[Any]) -> list[int]:
        return [int(value) + part.first for value in values]

    black = joints["black_frames"]
    add("black", shifted(black))
    add("nobody found", shifted(i for i in joints["frames_without_person"] if i not in black))
    unsure: Mapping[str, int] = joints["unsure_joints"]
    add("joints unsure", shifted(i for i, many in unsure.items() if many >= _UNSURE))
    for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        for how in (JointState.CARRIED, JointState.POSED):
            hits = frames[state[:, hand.start] == how]
            add(f"{side} hand {how.name.lower()}", np.asarray(hits).tolist(), _SHORTEST)
    again: Mapping[str, str] = masks["estimated_again"]
    add("mask is the skeleton's outline", shifted(i for i, by in again.items() if by == "skeleton"))
    add("something left beside the mask", shifted(masks["left_at_edge"]))
    return sorted(looks, key=lambda look: (look.first, look.what))


def _rows(frames: Iterable[int]) -> list[tuple[int, int]]:
    """First and last of each row of consecutive frames."""
    rows: list[tuple[int, int]] = []
    for frame in sorted(frames):
        if rows and frame == rows[-1][1] + 1:
            rows[-1] = (rows[-1][0], frame)
        else:
            rows.append((frame, frame))
    return rows
