"""The interface behind which joint estimators sit."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from mf_backend.actor.joints.estimate import JointEstimate
from mf_backend.contracts.findings import NO_FINDINGS, Findings
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.progress import Reporter


@runtime_checkable
class JointEstimator(Protocol):
    """Finds the actor's joints over a whole clip. Making one loads nothing."""

    name: str
    """Goes into the hash of what was estimated."""
    label: str
    """What people call it."""

    def require(self) -> None:
        """Raise MissingComponentError where something it needs is not here. Cheap."""

    def estimate(
        self,
        clip: FrameSource,
        person: tuple[float, ...],
        reporter: Reporter,
        findings: Findings = NO_FINDINGS,
    ) -> JointEstimate:
        """Joints of the person to follow, on every frame; `person` as in Settings.

        What `findings` hold is not looked for again. Calls reporter.advance up to
        2 * clip.count. Raises InputError where nobody is found, or nobody is where `person` points.
        """
