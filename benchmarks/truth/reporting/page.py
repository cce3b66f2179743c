"""The page: tables, plots, and each shot's worst frames with a slider between result and truth.

It holds everything that it shows, and loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import OutputError
from mf_backend.contracts.files import write_bytes

from ..scoring.rows import BASELINES
from ..tables import COLUMNS, Column, cell, is_result, mean_rows
from . import plots
from .changes import Changes
from .stills import Still, worst_still
from .style import SCRIPT, STYLE

_MARK = '<meta name="generator" content="benchmarks.truth report">'
"""By which a page of ours is known, and may be replaced."""
_REGIONS = ("union", "actor", "seen", "never_seen", "shadow")
_SHOWN = (BASELINES[0], BASELINES[2], BASELINES[3])


def write_page(path: Path, told: Mapping[str, Any], changes: Changes | None) -> None:
    """Write the page of a run, whole or not at all.

    Raises OutputError where something else than a page of ours lies at `path`.
    """
    if path.exists() and _MARK.encode() not in path.read_bytes()[:1024]:
        raise OutputError(
            "output-exists",
            f"{path} already exists and is not overwritten.",
            "Choose another name for the page, or move that file away.",
        )
    write_bytes(path, "\n".join(_page(told["shots"], changes)).encode("utf-8"))


def _page(shots: Mapping[str, Any], changes: Changes | None) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield _MARK
    yield (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
    )
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Edits against the truth</title><style>{STYLE}</style></head><body>"
    held_out = sum(bool(shot["held_out"]) for shot in shots.values())
    frames = sum(shot["frames"] for shot in shots.values())
    yield (
        f"<h1>Edits against the truth</h1><p>{len(shots)} shots ({held_out} held out), "
        f"{frames} frames. PSNR in dB; what each figure means stands in docs/truth.md.</p>"
    )
    lacking = {
        why: metric
        for shot in shots.values()
        for name in _results(shot)
        for metric, why in shot["rows"][name]["missing"].items()
    }
    for why, metric in lacking.items():
        yield f"<p><small>{escape(metric)} was not measured: {escape(why)}</small></p>"
    if changes is not None:
        yield from _changes(changes)
    yield "<h2>Means over shots</h2>"
    yield _table(mean_rows(shots), {name for s in shots.values() for name in _results(s)})
    yield from _plots(shots)
    for name, shot in sorted(shots.items(), key=lambda item: _lowest(item[1])):
        yield from _shot(name, shot)
    yield f"<script>{SCRIPT}</script></body></html>\n"


def _results(shot: Mapping[str, Any]) -> list[str]:
    """The rows of a shot that are jobs' results."""
    return [name for name, row in shot["rows"].items() if is_result(row)]


def _lowest(shot: Mapping[str, Any]) -> float:
    """How much better than the footage the worst result is: what a reader wants to see first."""
    rows = shot["rows"]
    footage = rows[BASELINES[0]]["psnr"].get("union", 0.0)
    return min(
        (rows[name]["psnr"].get("union", 0.0) - footage for name in _results(shot)), default=0.0
    )


def _changes(changes: Changes) -> Iterator[str]:
    verdict = "worse" if changes.worse else "good"
    yield f'<h2>Since the earlier run</h2><ul class="{verdict}">'
    for line in changes.lines():
        kind = "worse" if line.startswith("WORSE") else ""
        yield f'<li class="{kind}">{escape(line)}</li>'
    yield "</ul>"


def _table(rows: Mapping[str, Sequence[float | None]], results: set[str]) -> str:
    head = "".join(f"<th>{escape(column.title)}</th>" for column in COLUMNS)
    lines = [f"<table><thead><tr><th></th>{head}</tr></thead><tbody>"]
    for name, values in rows.items():
        cells = "".join(f"<td>{cell(c, v)}</td>" for c, v in zip(COLUMNS, values, strict=True))
        kind = "result" if name in results else "beside"
        lines.append(f'<tr class="{kind}"><th>{escape(name)}</th>{cells}</tr>')
    return f'<div class="wide">{"".join(lines)}</tbody></table></div>'


def _plots(shots: Mapping[str, Any]) -> Iterator[str]:
    names = list(dict.fromkeys(name for shot in shots.values() for name in _results(shot)))
    chosen = [*_SHOWN, *names]

    def values(row: str, metric: str, region: str) -> list[float | None]:
        found = [shot["rows"].get(row, {}).get(metric, {}).get(region) for shot in shots.values()]
        return [None if value is None else float(value) for value in found]

    yield plots.dots(
        "PSNR of the union by shot (dB, to the right is better)",
        list(shots),
        {name: values(name, "psnr", "union") for name in chosen},
    )
    yield plots.dots(
        "Flicker of the union by shot (levels, to the left is better)",
        list(shots),
        {name: values(name, "flicker", "union") for name in chosen},
    )
    by_region: dict[str, list[float | None]] = {}
    for name in chosen:
        by_region[name] = []
        for region in _REGIONS:
            known = [value for value in values(name, "psnr", region) if value is not None]
            by_region[name].append(sum(known) / len(known) if known else None)
    yield plots.bars("PSNR by region, means over shots (dB)", list(_REGIONS), by_region)


def _shot(name: str, shot: Mapping[str, Any]) -> Iterator[str]:
    held = ", held out" if shot["held_out"] else ""
    width, height = shot["size"]
    yield f'<section data-shot="{escape(name)}"><h2>{escape(name)}</h2>'
    yield f"<p>{shot['frames']} frames of {width}x{height}{held}</p>"
    rows = shot["rows"]
    results = _results(shot)
    yield _table({row: [c.of(rows[row]) for c in COLUMNS] for row in rows}, set(results))
    yield plots.curves(
        "PSNR of the union by frame (dB)",
        {row: rows[row]["frames"]["psnr"] for row in (*_SHOWN, *results)},
    )
    for row in results:
        still = worst_still(shot, rows[row])
        if still is not None:
            yield from _still(row, still)
        yield f"<p><small>{escape(_beside(rows[row]))}</small></p>"
    yield "</section>"


_BESIDE = (
    Column(("psnr", "inside"), "inside the actor (dB)", 2, True, 0.1),
    Column(("psnr", "outline"), "his outline (dB)", 2, True, 0.1),
    Column(("source_joints", "error"), "joints in the clip (px)", 2, False, 0.3),
    Column(("drift", "colour"), "drift of colour (levels)", 2, False, 0.5),
    Column(("drift", "sharpness"), "of sharpness (1 is none)", 3, True, 0.02),
)


def _beside(row: Mapping[str, Any]) -> str:
    """Further figures of a result, its time and what it warned of."""
    told = [f"{c.title} {cell(c, value)}" for c in _BESIDE if (value := c.of(row)) is not None]
    told.append(f"took {sum(row['seconds'].values()):.0f} s")
    if row["warnings"]:
        told.append(f"warned: {', '.join(row['warnings'])}")
    return "; ".join(told)


def _still(row: str, still: Still) -> Iterator[str]:
    width, height = still.size
    title = f"{row}: worst frame {still.index + 1}, union {still.psnr:.2f} dB"
    yield f"<h3>{escape(title)}</h3><div class='stills'>"
    named = (("clip", still.source), ("result", still.result), ("truth", still.truth),
             ("difference, doubled", still.difference))  # fmt: skip
    for label, data in named:
        yield (
            f'<figure><img src="{data}" width="{width}" height="{height}" alt="{label}">'
            f"<figcaption>{label}</figcaption></figure>"
        )
    yield (
        f'<figure class="slider"><div><img src="{still.truth}" width="{width}" height="{height}" '
        f'alt="truth"><img class="upper" src="{still.result}" width="{width}" height="{height}" '
        f'alt="result"></div><input type="range" min="0" max="100" value="50" '
        f'aria-label="result to the left, truth to the right">'
        f"<figcaption>result | truth</figcaption></figure></div>"
    )
