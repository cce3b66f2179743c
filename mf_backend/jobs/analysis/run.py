"""Analysing a clip on its own, as the command line and messages ask for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mf_backend.actor import pointing
from mf_backend.actor.masks.estimators import check_estimator
from mf_backend.actor.mends.mask_file import read_layers
from mf_backend.actor.mends.mask_layers import MaskLayer
from mf_backend.clip import hash_clip, open_clip
from mf_backend.contracts.errors import CancelledError, MFError
from mf_backend.contracts.failures import describe
from mf_backend.contracts.machine.resources import check_room
from mf_backend.contracts.request import Reference, Settings
from mf_backend.jobs.analysis.analyse import ensure
from mf_backend.jobs.analysis.holding import hold_actor
from mf_backend.jobs.analysis.layers.painted import NO_CHANGES, MaskChanges
from mf_backend.jobs.analysis.look import Look, things_to_look_at
from mf_backend.jobs.analysis.steps import NAME
from mf_backend.jobs.analysis.wish import Wish
from mf_backend.jobs.disk.log import capture_output
from mf_backend.jobs.stages.costs import room_needed
from mf_backend.jobs.tracker import JobListener, JobTracker

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AnalysisResult:
    """An actor that is analysed."""

    id: str
    folder: Path
    first: int
    last: int
    """Frames that were asked for, both included, counted from 0 over the whole clip."""
    made: int
    """Frames that were analysed just now; 0 where all were there."""
    looks: tuple[Look, ...]
    """What deserves a look."""
    layers: tuple[MaskLayer, ...]
    """Masks that people drew over the clip."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "actor": str(self.folder),
            "id": self.id,
            "first": self.first,
            "last": self.last,
            "analysed": self.made,
            "looks": [look.plain() for look in self.looks],
            "mask_layers": [
                {
                    "id": layer.id,
                    "name": layer.name,
                    "role": str(layer.role),
                    "frames": [[one.first, one.last] for one in layer.stretches],
                }
                for layer in self.layers
            ],
        }


@dataclass(frozen=True)
class ActorOrder:
    """Work on the actor of a clip, outside any job: what of, where to, and who hears of it."""

    reference: Reference
    settings: Settings
    root: Path
    """Folder of actors; each has one of its own in it."""
    listener: JobListener
    cancelled: threading.Event
    on_start: Callable[[JobTracker, int], None] = lambda tracker, stderr: None
    """As for jobs.runner.run_job."""
    echo: bool = False
    """Whether what goes into the log is printed, too."""

    def tracker(self, stage: str) -> JobTracker:
        """What tells of work that is one stage."""
        return JobTracker(self.listener, self.cancelled, {stage: 1.0}, lambda progress: None)

    def wish(self, first: int, last: int) -> Wish:
        """The frames `first` to `last` of the whole clip, which is read for its hash."""
        whole = replace(self.reference, first=0, count=0)
        sha256 = hash_clip(Path(self.reference.path))
        return Wish(whole, sha256, first, last, self.settings)


def analyse_clip(order: ActorOrder, changes: MaskChanges = NO_CHANGES) -> AnalysisResult:
    """Analyse the used range of a clip.

    What is there already is not made again. `changes` of the actor's mask layers are made first.
    Raises an MFError for everything that can go wrong.
    """
    settings = order.settings
    check_room(room_needed(settings), "the analysis")
    tracker = order.tracker(NAME)
    with open_clip(order.reference) as clip:
        for code, message in clip.info.notes:
            tracker.warn(code, message)
        pointing.check_pointing(settings, clip, clip.info.count)
        check_estimator(settings)
        first, last = clip.first, clip.first + clip.count - 1
        size = clip.size
        changes.check(clip)
    wish = order.wish(first, last)
    actor = wish.folder(order.root)
    with hold_actor(actor, tracker), capture_output(actor.path / "log.txt", order.echo) as stderr:
        order.on_start(tracker, stderr)
        tracker.enter(NAME)
        try:
            changes.make(actor.mends, size, range(first, last + 1))
            found = ensure(actor, wish, tracker)
        except BaseException as error:
            told = describe(error, NAME, actor.path / "log.txt")
            if told.code == "internal" and not isinstance(error, MFError):
                _log.exception("the analysis stopped")
            elif not isinstance(told, CancelledError):
                _log.error("%s: %s", told.code, told)
            raise told from error
        looks = things_to_look_at(actor, found.part, first, last)
        layers = read_layers(actor.mends)
    return AnalysisResult(wish.id, actor.path, first, last, found.made, tuple(looks), layers)
