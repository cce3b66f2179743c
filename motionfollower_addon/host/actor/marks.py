"""What an actor rig keeps about itself on its object: which clip it shows, and how it was made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError

from ... import ids
from ...core.actor.material import ActorMaterial


@dataclass(frozen=True)
class Mark:
    """An actor rig's origin."""

    clip: str
    first: int
    size: tuple[int, int]
    fps: float
    frames: tuple[float, ...]
    """Scene frame of each of the clip's frames."""
    scale: float
    """Its size in usual people."""

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.frames)


def write(
    armature: Any, material: ActorMaterial, scale: float, joints: NDArray[np.float64]
) -> None:
    """Keep the origin, and the joints [n, 60, 2] as the rig was made, in the clip's pixels."""
    mark = Mark(material.clip, material.first, material.size, material.fps, material.frames, scale)
    armature[ids.ACTOR_RIG] = json.dumps(asdict(mark))
    armature[ids.ACTOR_RIG_JOINTS] = joints.ravel().tolist()


def read(armature: Any) -> Mark | None:
    """An actor rig's origin; None for any other object."""
    text = armature.get(ids.ACTOR_RIG) if armature is not None else None
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
        return Mark(
            clip=str(value["clip"]),
            first=int(value["first"]),
            size=(int(value["size"][0]), int(value["size"][1])),
            fps=float(value["fps"]),
            frames=tuple(float(frame) for frame in value["frames"]),
            scale=float(value["scale"]),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def joints_as_made(armature: Any, mark: Mark) -> NDArray[np.float64]:
    """The joints [n, 60, 2] that the rig had when it was made. Raises InputError without them."""
    kept = armature.get(ids.ACTOR_RIG_JOINTS)
    values = np.array(kept, np.float64) if kept is not None else np.empty(0)
    if values.size != mark.count * 120:
        raise InputError(
            "actor-rig-damaged",
            f"The actor rig {armature.name!r} no longer says how it was made.",
            "Make it again with Make Actor Rig.",
        )
    return values.reshape(mark.count, 60, 2)
