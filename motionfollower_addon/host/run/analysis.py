"""Analysing the actor of a shot's footage, or tuning to it, in small steps, rendering nothing."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import CancelledError, InputError, MFError
from mf_backend.contracts.request import Reference, Settings

from ...core.backend.client import Answer, BackendClient, clip_facts
from ...core.backend.state import BackendState, ClipFacts, JobPhase, JobStatus
from ...core.disk.read_in_thread import Reading
from ...core.job.shot import Shot, following
from .. import compat
from ..footage.source import Footage, Span, resolve, used_span
from ..options import actors_root
from ..paths import real_path
from ..rig.lookup import scene_fps

_SILENT_SECONDS = 120.0


class AnalysisStage(Enum):
    """Where an analysis stands, in words."""

    STARTING = "Starting the backend"
    PROBING = "Looking at the clip"
    ANALYSING = "Analysing the actor"
    DONE = "Analysed"
    CANCELLED = "Cancelled"
    FAILED = "Failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens."""
        return self in (AnalysisStage.DONE, AnalysisStage.CANCELLED, AnalysisStage.FAILED)


class Aim(Enum):
    """What is done with the footage."""

    ANALYSE = "analyse"
    TUNE = "tune"
    """Analyse it where that is not done, then let the shot's engine learn it."""


@dataclass(frozen=True)
class Asked:
    """What is analysed: plain values, so that nothing of Blender's is held."""

    footage: Footage
    shot: Shot
    rate: float
    """Frames a second of the Sequencer's scene."""
    scene: str
    """The scene whose panel asked."""
    actors: Path
    aim: Aim = Aim.ANALYSE
    steps: int = 0
    """Of tuning; 0 takes what suits the weights."""


def asked_of(shot: Shot, scene: Any, aim: Aim = Aim.ANALYSE, steps: int = 0) -> Asked:
    """What an analysis of a shot's footage works from. Raises InputError for wrong input."""
    settings = shot.settings
    if settings.source_masks or settings.source_poses or settings.source_joints:
        raise InputError(
            "actor-given",
            "The actor's own files are given in Fit to Actor, so there is nothing to find.",
            "Take them out there to have the actor analysed.",
        )
    named = bpy.data.scenes.get(shot.scene) if shot.scene else None
    sequencer = named or compat.sequencer_scene(bpy.context) or scene
    root = real_path(shot.output) / actors_root().name if shot.output else actors_root()
    return Asked(
        resolve(sequencer, shot),
        shot,
        scene_fps(sequencer),
        scene.name,
        root.absolute(),
        aim,
        steps,
    )


def _real(text: str) -> str:
    return str(real_path(text)) if text else ""


class AnalysisFlow:
    """One analysis. Call `step` again and again; each call does one small piece and never waits."""

    def __init__(self, client: Callable[[], BackendClient], asked: Asked) -> None:
        """`client` gives the backend, starting it where it does not run."""
        self.stage = AnalysisStage.STARTING
        self.asked = asked
        self.status: JobStatus | None = None
        self.error: MFError | None = None
        self._get_client = client
        self._client: BackendClient | None = None
        self._answer: Answer | None = None
        self._facts: ClipFacts | None = None
        self._reading: Reading[Span] | None = None
        self._cancelled = False
        self._started = time.monotonic()

    @property
    def actor(self) -> Path | None:
        """The folder of the analysed actor; None before the end."""
        done = self.stage is AnalysisStage.DONE and self.status is not None
        return Path(self.status.actor) if done and self.status is not None else None

    def progress(self) -> tuple[float, str]:
        """Share that is done (0 to 1) and a line of words."""
        if self._cancelled and not self.stage.ended:
            return (0.0, "Stopping")
        if self.stage is AnalysisStage.ANALYSING and self.status is not None:
            return (self.status.overall, self.status.sentence())
        if self.stage is AnalysisStage.FAILED and self.error is not None:
            return (0.0, self.error.message)
        return (1.0 if self.stage is AnalysisStage.DONE else 0.0, self.stage.value)

    def cancel(self) -> None:
        """Stop as soon as possible; what was found is kept."""
        if self.stage.ended or self._cancelled:
            return
        self._cancelled = True
        if self.stage is AnalysisStage.ANALYSING and self.status and self._client:
            self._client.cancel(self.status.id)

    def step(self) -> AnalysisStage:
        """Do one small piece of work, or see whether something arrived."""
        try:
            if not self.stage.ended:
                if self._client is not None:
                    self._client.poll()
                if self._cancelled and self.stage is not AnalysisStage.ANALYSING:
                    raise CancelledError()
                _STEPS[self.stage](self)
        except CancelledError as error:
            self.stage, self.error = AnalysisStage.CANCELLED, error
        except MFError as error:
            self.stage, self.error = AnalysisStage.FAILED, error
        return self.stage

    def run(self, seen: Callable[[AnalysisFlow], None] = lambda flow: None) -> None:
        """Step until the end, blocking; for `blender -b` and scripts."""
        while not self.step().ended:
            seen(self)
            time.sleep(0.02)

    def _start(self) -> None:
        if self._client is None:
            self._client = self._get_client()
        if self._client.failure is not None:
            raise self._client.failure
        if self._client.state is BackendState.STARTING:
            if time.monotonic() - self._started > _SILENT_SECONDS:
                raise MFError(
                    "backend-silent",
                    f"The backend did not answer within {_SILENT_SECONDS:.0f} s.",
                    "Try again, or repair it in the preferences.",
                )
            return
        footage = self.asked.footage
        self._answer = self._client.probe(footage.path, footage.fps)
        self.stage = AnalysisStage.PROBING

    def _probe(self) -> None:
        assert self._answer is not None and self._client is not None
        asked = self.asked
        if self._facts is None:
            if not self._answer.here:
                return
            facts = self._facts = clip_facts(self._answer)
            # A folder of many images takes a while to list.
            self._reading = Reading(lambda: used_span(asked.footage, facts, asked.shot, asked.rate))
        assert self._reading is not None
        if not self._reading.finished:
            return
        span = self._reading.take()
        reference = Reference(
            str(asked.footage.path), self._facts.kind, span.first, span.count, asked.footage.fps
        )
        settings = following(asked.shot.settings, asked.footage.clicks)
        used = Settings(
            person=settings.person,
            clicks=settings.clicks,
            mask_estimator=settings.mask_estimator,
            widen_mask=settings.widen_mask,
            device=settings.device,
        )
        if asked.aim is Aim.TUNE:
            used = replace(used, engine=settings.engine, weights=_real(settings.weights))
        given = (uuid.uuid4().hex[:12], reference, asked.actors, used)
        if asked.aim is Aim.TUNE:
            self.status = self._client.tune(*given, asked.steps)
        else:
            self.status = self._client.analyse(*given)
        self.stage = AnalysisStage.ANALYSING

    def _watch(self) -> None:
        assert self.status is not None
        if self.status.phase is JobPhase.DONE:
            self.stage = AnalysisStage.DONE
        elif self.status.phase.ended:
            raise self.status.error or MFError("analysis-failed", "The analysis failed.")


_STEPS: dict[AnalysisStage, Callable[[AnalysisFlow], None]] = {
    AnalysisStage.STARTING: AnalysisFlow._start,
    AnalysisStage.PROBING: AnalysisFlow._probe,
    AnalysisStage.ANALYSING: AnalysisFlow._watch,
}
