"""A run's figures as text: a table for each shot, and one of the means over shots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Column:
    """A figure: where a row has it, its heading (PSNR of a region goes by the region's name), its
    digits, and which way is better."""

    path: tuple[str, ...]
    title: str
    digits: int
    more_is_better: bool
    tolerance: float
    """By how much a shot may get worse without being told."""

    def of(self, row: Mapping[str, Any]) -> float | None:
        """The row's figure; None where it has none."""
        value: Any = row
        for name in self.path:
            if not isinstance(value, Mapping) or name not in value:
                return None
            value = value[name]
        return None if value is None else float(value)


COLUMNS = (
    Column(("psnr", "whole"), "whole", 2, True, 0.1),
    Column(("psnr", "union"), "union", 2, True, 0.1),
    Column(("psnr", "actor"), "actor", 2, True, 0.1),
    Column(("psnr", "vacated"), "vacated", 2, True, 0.2),
    Column(("psnr", "seen"), "seen", 2, True, 0.2),
    Column(("psnr", "never_seen"), "unseen", 2, True, 0.2),
    Column(("psnr", "shadow"), "shadow", 2, True, 0.2),
    Column(("ssim", "union"), "SSIM", 3, True, 0.005),
    Column(("ssim", "vacated"), "S.vacat.", 3, True, 0.01),
    Column(("stlpips", "union"), "ST-LPIPS", 3, False, 0.005),
    Column(("flicker", "union"), "flicker", 2, False, 0.2),
    Column(("flicker", "vacated"), "f.vacat.", 2, False, 0.3),
    Column(("target_joints", "error"), "joint px", 2, False, 0.3),
    Column(("target_joints", "pck"), "PCK", 3, True, 0.01),
    Column(("target_joints", "scale_error"), "scale+-", 3, False, 0.005),
    Column(("masks", "source_iou"), "IoU src", 3, True, 0.005),
    Column(("masks", "target_iou"), "IoU tgt", 3, True, 0.005),
)
_NAME = 50


def is_result(row: Mapping[str, Any]) -> bool:
    """Whether a row is a job's result: neither a baseline nor a composite with the truth."""
    return "job" in row


def shot_table(shot: Mapping[str, Any]) -> str:
    """One line for each row of a shot."""
    return "\n".join([_head(), *(_line(name, row) for name, row in shot["rows"].items())])


def mean_rows(shots: Mapping[str, Mapping[str, Any]]) -> dict[str, list[float | None]]:
    """Means over shots of each row's columns; of the shots that have the figure."""
    names = dict.fromkeys(name for shot in shots.values() for name in shot["rows"])
    means: dict[str, list[float | None]] = {}
    for name in names:
        rows = [shot["rows"][name] for shot in shots.values() if name in shot["rows"]]
        means[name] = []
        for column in COLUMNS:
            values = [value for row in rows if (value := column.of(row)) is not None]
            means[name].append(float(np.mean(values)) if values else None)
    return means


def mean_table(shots: Mapping[str, Mapping[str, Any]]) -> str:
    """One line for each row, of means over shots."""
    lines = [f"Means over {len(shots)} shots", _head()]
    for name, values in mean_rows(shots).items():
        lines.append("  " + name.ljust(_NAME) + "".join(map(_cell, COLUMNS, values)))
    return "\n".join(lines)


def cell(column: Column, value: float | None) -> str:
    """A figure as tables show it."""
    return "-" if value is None else f"{value:.{column.digits}f}"


def _head() -> str:
    return "  " + " " * _NAME + "".join(column.title.rjust(9) for column in COLUMNS)


def _line(name: str, row: Mapping[str, Any]) -> str:
    cells = (_cell(column, column.of(row)) for column in COLUMNS)
    return "  " + name.ljust(_NAME) + "".join(cells)


def _cell(column: Column, value: float | None) -> str:
    return cell(column, value).rjust(9)
