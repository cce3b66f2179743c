"""The last part of the stage "masks": mattes mended, hard masks grown by what they leave visible.

Estimated mattes take in lost hands and what the hands hold. The user's own mattes stay as they are;
only what belongs to a hand is told from the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks import shape
from mf_backend.actor.masks.mend import Mended, study
from mf_backend.actor.masks.residue import ResidueFinder
from mf_backend.actor.masks.shape import widen
from mf_backend.clip import write_png
from mf_backend.conditioning.base import ConditionContext
from mf_backend.conditioning.stage_files import read_mask
from mf_backend.contracts.progress import PartOfStage, Reporter

HELD, FRONT = "source_held", "source_front"
"""Folders of what a hand holds and of what is in front of the actor."""
PASSES = 5
"""Times the clip is gone through."""


def write_hard(out: Path, index: int, hard: NDArray[np.bool_]) -> None:
    """Write the hard mask [H, W] of a frame."""
    write_png(out / "source_masks" / f"frame_{index}.png", hard.astype(np.uint8) * np.uint8(255))


def mend(
    context: ConditionContext,
    joints: NDArray[Any],
    others: NDArray[Any],
    start: int,
    reporter: Reporter,
) -> list[int]:
    """Mend the mattes and masks that lie in the context's folder, and write source_held/ and
    source_front/ there.

    Returns the frames in which much of the actor stays visible beside the mask. `joints`
    [frames, 60, 2] are the actor's, `others` [frames, people, 18, 2] the rest's. Reports `PASSES`
    steps for each frame from `start` on.
    """
    count = context.clip.count
    _mend_mattes(context, joints, others, start, reporter)
    return _grow_masks(context, start + 3 * count, reporter)


def _mend_mattes(
    context: ConditionContext,
    joints: NDArray[Any],
    others: NDArray[Any],
    start: int,
    reporter: Reporter,
) -> None:
    clip, out = context.clip, context.out

    def matte_of(index: int) -> NDArray[np.uint8]:
        return read_mask(out, "source_alpha", index)

    notes = PartOfStage(reporter, start, "hands", 2 * clip.count)
    mender = study(clip, joints, others, matte_of, notes)
    for index, frame in enumerate(clip.frames()):
        matte = matte_of(index)
        nothing = np.zeros_like(matte)
        found = Mended(matte, nothing, nothing)
        if mender is not None:
            found = mender.mended(index, frame)
        held = found.held
        if context.settings.source_masks:
            held = np.where(matte > 0, held, 0).astype(np.uint8)
        elif not np.array_equal(found.matte, matte):
            write_png(out / "source_alpha" / f"frame_{index}.png", found.matte)
            hard = read_mask(out, "source_masks", index) >= 128
            write_hard(out, index, hard | (found.matte >= shape.THRESHOLD))
        write_png(out / HELD / f"frame_{index}.png", held)
        write_png(out / FRONT / f"frame_{index}.png", found.front)
        reporter.advance(start + 2 * clip.count + index + 1, "hands")


def _grow_masks(context: ConditionContext, start: int, reporter: Reporter) -> list[int]:
    """Grow the hard masks by what they leave visible of the actor; frames where much is left.

    The user's own, too: an exact one leaves the pixels that its edge shares with the background.
    """
    clip, out = context.clip, context.out
    notes = PartOfStage(reporter, start, "background", clip.count)
    finder = ResidueFinder(clip, lambda i: read_mask(out, "source_alpha", i), notes)
    left = []
    for index, frame in enumerate(clip.frames()):
        hard = read_mask(out, "source_masks", index) >= 128
        mask = widen(finder.grown(index, frame, hard), context.settings.widen_mask)
        mask &= (read_mask(out, FRONT, index) < 128) | hard
        write_hard(out, index, mask)
        if hard.any() and not context.settings.source_masks and finder.left_beside(mask):
            left.append(index)
        reporter.advance(start + clip.count + index + 1, "edges")
    return left
