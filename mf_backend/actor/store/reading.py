"""Reading what an analysis found of an actor."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from mf_backend.actor.store.folder import ActorFolder
from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz
from mf_backend.contracts.conditions import FRAMES, JOINTS, POSITIONS, SIZE
from mf_backend.contracts.errors import InputError

_MANY = range(1000)
PEOPLE = WantedArray((FRAMES, _MANY, (18,), (2,)), "[frames, people, 18, 2]", optional=True)
_WANTED = {
    "frames": WantedArray((FRAMES,), "[frames]"),
    "source": JOINTS,
    "state": WantedArray((FRAMES, (60,)), "[frames, 60]"),
    "others": WantedArray((FRAMES, _MANY, (18,), (2,)), "[frames, people, 18, 2]"),
    "people": PEOPLE,
    "world": POSITIONS,
    "size": SIZE,
}


def load_joints(actor: ActorFolder) -> dict[str, NDArray[Any]]:
    """What joints.npz holds, a row for each frame that was analysed, ascending.

    `frames` [n] counted from 0 over the whole clip, `source` [n, 60, 2] in pixels (NaN absent),
    `state` [n, 60] a JointState each, `others` [n, people, 18, 2] everybody else, `people`
    [n, people, 18, 2] all who were seen, the actor too, in no order (not in stores of former
    versions), `world` [n, 60, 3] in metres where depth was estimated, `size` (width, height).
    Without mends. Raises InputError where it is missing or damaged.
    """
    try:
        found = read_npz(actor.joints, _WANTED)
    except NpzError as error:
        raise InputError(
            "actor-damaged",
            f"{actor.joints} is missing or damaged: {error}.",
            "Analyse the actor again; only what is missing is made anew.",
        ) from None
    lengths = {len(found[name]) for name in found if name != "size"}
    if len(lengths) != 1:
        raise InputError(
            "actor-damaged",
            f"In {actor.joints}, arrays have different numbers of frames.",
            "Analyse the actor again.",
        )
    return found
