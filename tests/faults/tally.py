"""Counts of what was tried on the backend and what it did, for the table at the end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

PROPERTY = "faults"
"""Name under which a test hands its counts to the table, also from another process."""


@dataclass
class Tally:
    """One kind of fault: how many were tried, and each that did not end as it should."""

    kind: str
    tried: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, *findings: str) -> None:
        """Count one try, with what went wrong in it."""
        self.tried += 1
        self.findings += findings

    def close(self, request: pytest.FixtureRequest) -> None:
        """Hand the counts to the table; fails the test where anything was found."""
        counts = json.dumps([self.kind, self.tried, len(self.findings)])
        request.node.user_properties.append((PROPERTY, counts))
        shown = "\n".join(self.findings[:25])
        assert not self.findings, f"{len(self.findings)} of {self.tried} ({self.kind}):\n{shown}"
        assert self.tried, f"nothing was tried ({self.kind})"


def table(counts: list[tuple[str, int, int]]) -> list[str]:
    """The lines of the table: kind, how many were tried, how many ended as they should not."""
    sums: dict[str, tuple[int, int]] = {}
    for name, more, wrong in counts:
        for kind in (name, "all"):
            tried, bad = sums.get(kind, (0, 0))
            sums[kind] = (tried + more, bad + wrong)
    total = ("all", *sums.pop("all"))
    wide = max(map(len, (*sums, "all")))
    lines = [f"{'':{wide}}  tried  not held"]
    for kind, tried, bad in [*((kind, *sums[kind]) for kind in sorted(sums)), total]:
        lines.append(f"{kind:{wide}}  {tried:5d}  {bad:8d}")
    return lines
