"""What is asked of an actor: which clip, who in it, which frames, and how it is analysed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mf_backend.actor.joints.estimators import best_estimator
from mf_backend.actor.masks.estimators import DEFAULT
from mf_backend.actor.store.folder import ActorFolder, actor_folder, actor_id
from mf_backend.contracts.pointing import in_clip
from mf_backend.contracts.request import Reference, Settings
from mf_backend.version import VERSION


@dataclass(frozen=True)
class Wish:
    """Frames `first` to `last` of a clip, both included, counted from 0 over all of it."""

    reference: Reference
    """The clip; its `first` and `count` are not looked at."""
    sha256: str
    first: int
    last: int
    settings: Settings
    """Estimators and widening; `person` is relative to `first`."""

    @property
    def person(self) -> tuple[float, ...]:
        """Who is pointed at, see in_clip; empty: the largest."""
        return in_clip(self.settings.person, self.settings.clicks, self.first)

    @property
    def id(self) -> str:
        """Which actor it is."""
        return actor_id(self.sha256, self.person)

    def folder(self, root: Path) -> ActorFolder:
        """Where the actor is kept below a folder of actors."""
        return actor_folder(root, Path(self.reference.path), self.id)

    @property
    def made_with(self) -> dict[str, Any]:
        """What the results depend on besides the clip and who is followed."""
        return {
            "version": VERSION,
            "joints": best_estimator().name,
            "masks": self.settings.mask_estimator or DEFAULT,
            "widen": float(self.settings.widen_mask),
        }

    def wider(self, first: int, last: int, person: tuple[float, ...]) -> Wish:
        """The same for other frames and, where nobody is pointed at, a `person` of the clip."""
        if self.settings.clicks:
            return replace(self, first=first, last=last)
        who = self.person or person
        relative = (who[0] - first, *who[1:]) if who else ()
        settings = replace(self.settings, person=relative)
        return replace(self, first=first, last=last, settings=settings)

    @property
    def used(self) -> Reference:
        """The clip, with exactly these frames."""
        return replace(self.reference, first=self.first, count=self.last + 1 - self.first)
