"""What was found on single frames of a clip, kept so that it need not be found again.

Estimators note what took long, frame by frame; whoever analyses a clip gives them a place for it.
What depends on more than the footage is kept under a key, and found again by the same key only:

    kept = KeyedFindings(findings, key_of([f"{VERSION} {_MADE}", points, *masks]))
    arrays = kept.load_or_make("widths", 0, _WANTED, lambda: {"half": measure(points, masks)})

`key_of` takes whatever the result depends on; `_MADE` is a word that changes whenever the same
input gives another result. `_WANTED` leaves out the key. What was made comes back as it will be
loaded, so that every take begins with the same arrays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.checks.npz import WantedArray

Arrays = dict[str, NDArray[Any]]
Key = NDArray[np.uint8]
"""Bytes that tell one input from every other."""
EVERYBODY = "people-"
"""How kinds begin that say who is on a frame at all, whoever of them is followed."""


class Findings(Protocol):
    """Arrays by kind and frame. `kind` is a word that names what made them, and how; frames are
    counted from the first that the clip at hand uses."""

    def load(self, kind: str, frame: int, wanted: Mapping[str, WantedArray]) -> Arrays | None:
        """What was kept; None where nothing was, or where it is damaged."""

    def keep(self, kind: str, frame: int, arrays: Arrays) -> None:
        """Keep it, whole or not at all. Raises OutputError where the disk refuses."""

    def forget(self, kind: str, frame: int) -> None:
        """Drop what was kept, if anything."""

    def follow(self, joints: NDArray[np.float64]) -> None:
        """Hear roughly where the actor is, [frames, 18, 2] in pixels, NaN where not known: what
        needs no more than that can begin beside the joints."""


class NoFindings:
    """Findings that keep nothing."""

    def load(self, kind: str, frame: int, wanted: Mapping[str, WantedArray]) -> Arrays | None:
        """See Findings."""
        return None

    def keep(self, kind: str, frame: int, arrays: Arrays) -> None:
        """See Findings."""

    def forget(self, kind: str, frame: int) -> None:
        """See Findings."""

    def follow(self, joints: NDArray[np.float64]) -> None:
        """See Findings."""


NO_FINDINGS = NoFindings()


@dataclass(frozen=True)
class KeyedFindings:
    """The findings that were made of one input: each file of them holds the input's key."""

    findings: Findings
    key: Key

    def load(self, kind: str, frame: int, wanted: Mapping[str, WantedArray]) -> Arrays | None:
        """As Findings.load, without the key; None, too, for what was kept under another key."""
        length = len(self.key)
        named = {"key": WantedArray(({length},), f"[{length}]"), **wanted}
        found = self.findings.load(kind, frame, named)
        if found is None or not np.array_equal(found.pop("key"), self.key):
            return None
        return found

    def keep(self, kind: str, frame: int, arrays: Arrays) -> None:
        """As Findings.keep, in place of what was kept there under any key."""
        self.findings.keep(kind, frame, {"key": self.key, **arrays})

    def load_or_make(
        self,
        kind: str,
        frame: int,
        wanted: Mapping[str, WantedArray],
        make: Callable[[], Arrays],
    ) -> Arrays:
        """What was kept, else what `make` gives, which is kept from now on."""
        found = self.load(kind, frame, wanted)
        if found is None:
            found = make()
            self.keep(kind, frame, found)
        return found


def key_of(parts: Iterable[str | NDArray[Any]]) -> Key:
    """The key [32] of texts and arrays in this order. An array's shape is no part of it: say it in
    a text beside it where it may vary."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part.tobytes())
    return np.frombuffer(digest.digest(), np.uint8)
