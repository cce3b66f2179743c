"""The table, as Markdown: means over shots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.truth.tables import Column, cell

COLUMNS = (
    Column(("psnr", "actor"), "actor dB", 2, True, 0.1),
    Column(("psnr", "vacated"), "vacated dB", 2, True, 0.1),
    Column(("psnr", "whole"), "whole dB", 2, True, 0.1),
    Column(("ssim", "actor"), "actor SSIM", 3, True, 0.005),
    Column(("stlpips", "actor"), "actor ST-LPIPS", 3, False, 0.005),
    Column(("flicker", "actor"), "actor flicker", 2, False, 0.2),
    Column(("drift", "colour"), "drift", 2, False, 0.5),
    Column(("pose", "pck"), "PCK@0.1", 3, True, 0.01),
    Column(("cpu_seconds",), "CPU s", 1, False, 1.0),
)


def table(names: Iterable[str], shots: Iterable[Mapping[str, Mapping[str, Any]]]) -> str:
    """One line for each row that all `shots` have figures of, by shot and row."""
    lines = [
        "| row | " + " | ".join(column.title for column in COLUMNS) + " |",
        "|---|" + "---:|" * len(COLUMNS),
    ]
    known = list(shots)
    for name in names:
        rows = [shot[name] for shot in known if name in shot]
        if not rows:
            continue
        failed = next((row["failed"] for row in rows if "failed" in row), None)
        cells = [failed or "", *[""] * (len(COLUMNS) - 1)]
        if failed is None:
            cells = [cell(column, _mean(column, rows)) for column in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(column: Column, rows: list[Mapping[str, Any]]) -> float | None:
    values = [value for row in rows if (value := column.of(row)) is not None]
    return sum(values) / len(values) if values else None
