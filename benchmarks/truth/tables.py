"""A run's figures as text: a table for each shot, and one of the means over shots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Column:
    """A figure: where a row has it, its heading, its digits, and which way is better."""

    path: tuple[str, ...]
    title: str
    digits: int
    more_is_better: bool

    def of(self, row: Mapping[str, Any]) -> float | None:
        """The row's figure; None where it has none."""
        value: Any = row
        for name in self.path:
            if not isinstance(value, Mapping) or name not in value:
                return None
            value = value[name]
        return None if value is None else float(value)


COLUMNS = (
    Column(("psnr", "whole"), "whole dB", 2, True),
    Column(("psnr", "union"), "union dB", 2, True),
    Column(("psnr", "actor"), "actor dB", 2, True),
    Column(("psnr", "seen"), "seen dB", 2, True),
    Column(("psnr", "never_seen"), "unseen dB", 2, True),
    Column(("psnr", "shadow"), "shadow dB", 2, True),
    Column(("ssim", "union"), "SSIM union", 3, True),
    Column(("ssim", "vacated"), "SSIM vac.", 3, True),
    Column(("stlpips", "union"), "ST-LPIPS", 3, False),
    Column(("flicker", "union"), "flicker", 2, False),
    Column(("flicker", "vacated"), "flick vac", 2, False),
    Column(("target_joints", "error"), "joints px", 2, False),
    Column(("target_joints", "scale"), "scale", 3, True),
    Column(("masks", "source_iou"), "IoU src", 3, True),
    Column(("masks", "target_iou"), "IoU tgt", 3, True),
)
_NAME = 46


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


def _head() -> str:
    return "  " + " " * _NAME + "".join(column.title.rjust(11) for column in COLUMNS)


def _line(name: str, row: Mapping[str, Any]) -> str:
    cells = (_cell(column, column.of(row)) for column in COLUMNS)
    return "  " + name.ljust(_NAME) + "".join(cells)


def _cell(column: Column, value: float | None) -> str:
    return ("-" if value is None else f"{value:.{column.digits}f}").rjust(11)
