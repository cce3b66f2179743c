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


def analyse_clip(
    reference: Reference,
    settings: Settings,
    root: Path,
    listener: JobListener,
    cancelled: threading.Event,
    on_start: Callable[[JobTracker, int], None] = lambda tracker, stderr: None,
    echo: bool = False,
    changes: MaskChanges = NO_CHANGES,
) -> AnalysisResult:
    """Analyse the used range of a clip into a folder of actors below `root`.

    What is there already is not made again. `on_start` as for jobs.runner.run_job. `changes` of
    the actor's mask layers are made first. Raises an MFError for everything that can go wrong.
    """
    check_room(room_needed(settings), "the analysis")
    tracker = JobTracker(listener, cancelled, {NAME: 1.0}, lambda progress: None)
    with open_clip(reference) as clip:
        for code, message in clip.info.notes:
            tracker.warn(code, message)
        pointing.check_pointing(settings, clip, clip.info.count)
        check_estimator(settings)
        first, last = clip.first, clip.first + clip.count - 1
        size = clip.size
        changes.check(clip)
    whole = replace(reference, first=0, count=0)
    wish = Wish(whole, hash_clip(Path(reference.path)), first, last, settings)
    actor = wish.folder(root)
    with hold_actor(actor, tracker), capture_output(actor.path / "log.txt", echo) as stderr:
        on_start(tracker, stderr)
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
