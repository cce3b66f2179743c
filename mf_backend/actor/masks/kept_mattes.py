"""Mattes of everybody that an estimator made, kept among findings and taken from there again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.estimators.base import MaskEstimator, Matte
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.findings import Findings
from mf_backend.contracts.frames import FrameSource

_SAME = 1.0
"""Joints that moved by fewer pixels show an estimator the same place."""


@runtime_checkable
class GoesOn(Protocol):
    """A mask estimator that looks at frames in a row and remembers those before.

    It needs to know only roughly where the actor is, so that it can work beside the joints.
    """

    def more_mattes(
        self,
        clip: FrameSource,
        joints: NDArray[Any],
        frames: Sequence[int],
        missing: Sequence[int],
        findings: Findings,
    ) -> Iterator[tuple[int, Matte]]:
        """Yield (frame, matte) for the ascending frames `missing` out of `frames`, as if all of
        `frames` were made in one go; what that takes is kept in `findings`. `joints` as for
        MaskEstimator.mattes, of the body alone or of all."""


def kept_mattes(
    estimator: MaskEstimator,
    clip: FrameSource,
    joints: NDArray[Any],
    frames: Sequence[int],
    device: str,
    findings: Findings,
) -> Iterator[tuple[int, Matte]]:
    """Yield (frame, matte) for ascending `frames`; what is made is kept, what is kept not made.

    See MaskEstimator.mattes.
    """
    kept = _Kept(estimator, clip.size, np.asarray(joints, np.float32), findings)
    missing = [index for index in frames if kept.load(index) is None]
    if isinstance(estimator, GoesOn):
        made = estimator.more_mattes(clip, joints, frames, missing, findings)
    else:
        made = estimator.mattes(clip, joints, missing, device)
    waiting = set(missing)
    for index in frames:
        matte = None if index in waiting else kept.load(index)
        if matte is None:
            found, matte = next(made)
            if found != index:
                raise AssertionError(f"mattes out of order: {found} instead of {index}")
            kept.keep(index, matte)
        yield index, matte


class _Kept:
    """One estimator's mattes among findings."""

    def __init__(
        self,
        estimator: MaskEstimator,
        size: tuple[int, int],
        joints: NDArray[np.float32],
        findings: Findings,
    ) -> None:
        self._kind = f"matte-{estimator.name}"
        # What goes on from frame to frame does not look where the joints are on each of them.
        self._joints = None if isinstance(estimator, GoesOn) else joints
        self._findings = findings
        self._wanted = {"matte": WantedArray(({size[1]}, {size[0]}), "[height, width]")}
        if self._joints is not None:
            self._wanted["joints"] = WantedArray(({joints.shape[1]}, {2}), "[joints, 2]")

    def load(self, index: int) -> Matte | None:
        """A matte that was kept, if it was made for the same joints."""
        found = self._findings.load(self._kind, index, self._wanted)
        if found is None:
            return None
        if self._joints is not None:
            now = self._joints[index]
            if not np.allclose(found["joints"], now, rtol=0, atol=_SAME, equal_nan=True):
                return None
        return np.asarray(found["matte"], np.uint8)

    def keep(self, index: int, matte: Matte) -> None:
        """Keep a matte."""
        arrays: dict[str, NDArray[Any]] = {"matte": matte}
        if self._joints is not None:
            arrays["joints"] = self._joints[index]
        self._findings.keep(self._kind, index, arrays)
