"""What got better and what worse since an earlier run, by shot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..tables import COLUMNS, Column, cell, is_result


@dataclass(frozen=True)
class Change:
    """A figure of one shot and variant that differs by more than its tolerance."""

    shot: str
    row: str
    column: Column
    before: float
    after: float

    @property
    def gain(self) -> float:
        """How much better it is, in tolerances; negative: worse."""
        return _gain(self.column, self.before, self.after)

    def __str__(self) -> str:
        told = " to ".join(cell(self.column, value) for value in (self.before, self.after))
        return f"{self.shot}, {self.row}: {'.'.join(self.column.path)} {told}"


@dataclass(frozen=True)
class Changes:
    """All changes between two runs, the greatest first."""

    better: list[Change] = field(default_factory=list)
    worse: list[Change] = field(default_factory=list)
    compared: int = 0
    """Figures that both runs have, of the same film of a shot."""
    left_out: list[str] = field(default_factory=list)
    """Sentences on what could not be compared."""

    def lines(self) -> list[str]:
        """As text."""
        told = [f"{self.compared} figures compared, {len(self.worse)} worse, {len(self.better)} "
                f"better"]  # fmt: skip
        told += [f"WORSE   {change}" for change in self.worse]
        told += [f"better  {change}" for change in self.better]
        return told + [f"not compared: {sentence}" for sentence in self.left_out]


def compare(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float = 1.0) -> Changes:
    """Changes of more than `tolerance` times each column's own tolerance."""
    changes = Changes()
    compared = 0
    for name, shot in new["shots"].items():
        former = old["shots"].get(name)
        if former is None or former["hash"] != shot["hash"]:
            why = "was not measured before" if former is None else "was filmed anew since"
            changes.left_out.append(f"{name} {why}")
            continue
        for row_name, row in shot["rows"].items():
            before = former["rows"].get(row_name)
            if not is_result(row) or before is None:
                continue
            for column in COLUMNS:
                values = column.of(before), column.of(row)
                if values[0] is None or values[1] is None:
                    continue
                compared += 1
                change = Change(name, row_name, column, values[0], values[1])
                if change.gain < -tolerance:
                    changes.worse.append(change)
                elif change.gain > tolerance:
                    changes.better.append(change)
        gone = [row for row in former["rows"] if row not in shot["rows"]]
        changes.left_out.extend(f"{name}, {row} was not measured again" for row in gone)
    changes.left_out.extend(
        f"{name} was not measured again" for name in old["shots"] if name not in new["shots"]
    )
    return Changes(
        sorted(changes.better, key=lambda change: -change.gain),
        sorted(changes.worse, key=lambda change: change.gain),
        compared,
        changes.left_out,
    )


def _gain(column: Column, before: float, after: float) -> float:
    change = after - before if column.more_is_better else before - after
    return change / column.tolerance
