"""What comes before the backend's work: the motion is read and the job folder is written."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from mf_backend.contracts.request import JobRequest

from ...core.backend.state import ClipFacts
from ...core.job.order import Order
from ...core.job.shot import Shot
from ...core.job.writer import JobWriter
from ..rig.lookup import Motion, find_motion, find_scene
from ..take import home_scene
from ..take.destination import Destination
from .draft import Drafting, begin_drafting


class Preparation:
    """Makes one job folder in small steps: `read` until it is true, then `written`."""

    def __init__(self, shot: Shot, rig_scene: Any, destination: Destination, order: Order) -> None:
        self.warnings: list[tuple[str, str]] = []
        self.statement = ""
        self.sampled = 0
        """Skeletons that were read from the rig, once all are."""
        self._shot = shot
        self._destination = destination
        self._order = order
        self._scene_name, self._scene_uid = rig_scene.name, int(rig_scene.session_uid)
        self._beginning: Generator[None, None, Drafting] | None = None
        self._drafting: Drafting | None = None
        self._writer: JobWriter | None = None

    @property
    def _scene(self) -> str:
        """The rig's scene by its name now."""
        scene = home_scene.by_uid(self._scene_uid)
        return scene.name if scene is not None else self._scene_name

    def motion(self) -> Motion:
        """The motion that the shot means. Raises InputError where there is none."""
        return find_motion(self._shot, find_scene(self._scene, None))

    @property
    def samples(self) -> tuple[int, int]:
        """How many samples are read, of how many; (0, 0) while none can be taken."""
        return (self._drafting.done, self._drafting.total) if self._drafting else (0, 0)

    def progress(self) -> tuple[float, str] | None:
        """Share done (0 to 1) and a line of words; None before the first sample."""
        if self._writer is not None:
            done, total = self._writer.written, len(self._writer.draft.joints)
            return (done / max(1, total), f"Drawing skeletons {done}/{total}")
        if self._drafting is not None:
            done, total = self.samples
            return (done / max(1, total), f"Reading the motion {done}/{total}")
        return None

    def read(self, facts: ClipFacts) -> bool:
        """Read one small piece of the motion; whether all is read and the writing has begun."""
        if self._drafting is None:
            self._begin(facts)
            return False
        if not self._drafting.finished:
            self._drafting.step()
            return False
        self._destination.origin = self._drafting.origin
        draft = self._drafting.finish()
        self.sampled = len(draft.joints)
        self.warnings = list(self._drafting.warnings)
        self._drafting = None
        self._writer = JobWriter(draft, self._order)
        self._writer.start()
        return True

    def _begin(self, facts: ClipFacts) -> None:
        """One of the pieces that come before the first sample."""
        if self._beginning is None:
            self._beginning = begin_drafting(
                self._shot, self._scene, self._destination.need(), facts, self._order.goal
            )
        try:
            next(self._beginning)
        except StopIteration as done:
            self._beginning, self._drafting = None, done.value
            self.statement = done.value.origin.statement

    def written(self) -> tuple[JobRequest, Path] | None:
        """The job and its folder; None while it is being written. Raises what the writing met."""
        assert self._writer is not None
        return self._writer.take() if self._writer.finished else None

    def suspend(self) -> None:
        """Put the scene back as it was; what was half read begins again."""
        if self._beginning is not None:
            self._beginning.close()
            self._beginning = None
        if self._drafting is not None:
            self._drafting.close()
            self._drafting = None

    def close(self) -> None:
        """Put the scene back, and write no more."""
        self.suspend()
        if self._writer is not None:
            self._writer.stop()
