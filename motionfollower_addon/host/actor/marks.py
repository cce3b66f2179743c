"""What an actor rig keeps about itself on its object: which clip it shows, and how it was made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError

from ... import ids
from ...core.actor.lifting.camera_rows import Views, views
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
    armature: Any,
    material: ActorMaterial,
    scale: float,
    views: Views,
    joints: NDArray[np.float64],
) -> None:
    """Keep the origin, the cameras, and the joints [n, 60, 2] as made, in the clip's pixels."""
    mark = Mark(material.clip, material.first, material.size, material.fps, material.frames, scale)
    armature[ids.ACTOR_RIG] = json.dumps(asdict(mark))
    still = np.array_equal(views.rows, np.broadcast_to(views.rows[:1], views.rows.shape))
    armature[ids.ACTOR_RIG_VIEWS] = (views.rows[:1] if still else views.rows).ravel().tolist()
    keep_joints(armature, joints)


def keep_joints(armature: Any, joints: NDArray[np.float64]) -> None:
    """Keep the joints [n, 60, 2] that the rig is compared with."""
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


def views_as_made(armature: Any, mark: Mark) -> Views:
    """The cameras in front of which the rig was made. Raises InputError without them."""
    values = _floats(armature, ids.ACTOR_RIG_VIEWS)
    if values.size not in (12, 12 * mark.count):
        raise _damaged(armature)
    rows = values.reshape(-1, 3, 4)
    return views(np.repeat(rows, mark.count, axis=0) if len(rows) == 1 else rows)


def joints_as_made(armature: Any, mark: Mark) -> NDArray[np.float64]:
    """The joints [n, 60, 2] that the rig had when it was made. Raises InputError without them."""
    values = _floats(armature, ids.ACTOR_RIG_JOINTS)
    if values.size != mark.count * 120:
        raise _damaged(armature)
    return values.reshape(mark.count, 60, 2)


def _floats(armature: Any, name: str) -> NDArray[np.float64]:
    kept = armature.get(name)
    return np.array(kept if hasattr(kept, "__len__") else [], np.float64)


def _damaged(armature: Any) -> InputError:
    return InputError(
        "actor-rig-damaged",
        f"The actor rig {armature.name!r} no longer says how it was made.",
        "Make it again with Make Actor Rig.",
    )
