"""What an actor's folder has to be tuned to: the clip with all that a person put right of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.mends.correction_file import read_corrections
from mf_backend.actor.mends.joint_corrections import apply_corrections
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.actor.store.reading import load_joints
from mf_backend.clip import open_clip
from mf_backend.clip.picture_file import read_grey
from mf_backend.jobs.analysis.layers.mended_masks import KINDS, MendedMasks
from mf_backend.jobs.analysis.wish import Wish

if TYPE_CHECKING:
    from mf_backend.training.tuning.material import TunedClip


def clip_of_actor(actor: ActorFolder, wish: Wish, side: int) -> TunedClip:
    """The analysed frames of the wish, cut to the actor at `side` pixels: his joints and mattes
    with what was corrected and drawn.

    Raises InputError where mends are damaged, or the frames cannot be learnt from.
    """
    from mf_backend.training.tuning.material import clip_of

    found = load_joints(actor)
    frames = found["frames"]
    states = found["state"].astype(np.uint8)
    corrections = read_corrections(actor.mends)
    joints, _ = apply_corrections(found["source"], states, frames.tolist(), corrections)
    inside = (frames >= wish.first) & (frames <= wish.last)
    mended = MendedMasks(actor.mends, range(wish.first, wish.last + 1))
    widening = wish.settings.widen_mask
    mattes = [_matte(actor, int(frame), mended, widening) for frame in frames[inside]]
    with open_clip(wish.used) as clip:
        name = Path(wish.reference.path).name
        return clip_of(name, wish.sha256, list(clip.frames()), mattes, joints[inside], side)


def _matte(
    actor: ActorFolder, frame: int, mended: MendedMasks, widening: float
) -> NDArray[np.uint8]:
    soft = actor.picture("alpha", frame)
    if not soft.is_file():
        soft = actor.picture("masks", frame)
    if not mended.touches(frame):
        return read_grey(soft)
    paths: dict[str, Any] = {kind: actor.picture(kind, frame) for kind in KINDS} | {"alpha": soft}
    found = {kind: path.read_bytes() for kind, path in paths.items() if path.is_file()}
    return mended.masks(frame, found, widening).alpha
