"""What every stage of conditioning keeps to and works from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.findings import NO_FINDINGS, Findings
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings


@dataclass(frozen=True)
class TargetMotion:
    """The motion that is wanted. `joints` or `poses` at least."""

    joints: NDArray[np.float32] | None
    """[frames, 60, 2] in pixels of a picture of `size`; NaN absent."""
    size: tuple[int, int]
    """(width, height) that the joints refer to; (0, 0) with pictures alone: their own size."""
    poses: Path | None = None
    """Folder of skeleton pictures."""
    character_masks: Path | None = None
    """Folder of masks of the scene's own character, of `size`."""
    positions: NDArray[np.float32] | None = None
    """[frames, 60, 3] the joints in metres from the rig's camera: x right, y down, z away from it;
    NaN absent. None where the motion came without."""


class AnalysedActor(Protocol):
    """The analysis of the clip's actor, as the stages of one job take it."""

    def fill(self, context: ConditionContext, stage: str, reporter: Reporter) -> bool:
        """Leave what the stage "joints" or "masks" would leave under `context.out`.

        False where that cannot be; the stage then does its work itself."""

    def digest(self, stage: str) -> str:
        """Hash of what people mended of what a stage leaves; empty where nothing was."""


@dataclass(frozen=True)
class ConditionContext:
    """What every stage works from. `out` is the conditioning folder (see contracts.conditions)."""

    clip: FrameSource
    settings: Settings
    target: TargetMotion
    out: Path
    findings: Findings = NO_FINDINGS
    """What is known of single frames already, and where more is kept."""
    actor: AnalysedActor | None = None
    """Gives joints and masks that were found before; None: each stage finds them itself."""
    first: int = 0
    """Frame of the whole clip that is the first of those used."""


class ConditionStage(Protocol):
    """One stage. Stages keep no state: everything is in the context and under `out`."""

    @property
    def name(self) -> str:
        """Stable name, as state files and progress show it."""

    def settings_used(self, settings: Settings) -> dict[str, Any]:
        """The settings that change this stage's files (JSON values), for its hash."""

    def inputs_used(self, context: ConditionContext) -> tuple[Path, ...]:
        """Files and folders besides the clip that this stage reads; their contents belong to the
        hash. What earlier stages left is not listed: their hashes chain."""

    def outputs(self, count: int) -> tuple[str, ...]:
        """Paths under `out` of all files that the stage leaves for `count` frames."""

    def beside(self, count: int) -> tuple[str, ...]:
        """What the stage may leave under `out` besides, without which it is complete, too."""

    def outputs_complete(self, out: Path, count: int, size: tuple[int, int]) -> bool:
        """Whether all files of the stage are there and open at the right size."""

    def check(self, context: ConditionContext) -> None:
        """Refuse what the user gave and this stage cannot work with, before any stage begins.

        Looks at names, headers and joints only, so that it takes no time. Raises InputError."""

    def run(self, context: ConditionContext, reporter: Reporter) -> None:
        """Do the work. Calls reporter.begin(name, total) and advance(step) itself."""
