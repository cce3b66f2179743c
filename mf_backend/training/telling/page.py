"""A page that shows a run: how far it is, its curves, its pictures. It loads nothing."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from mf_backend.contracts.files import write_bytes
from mf_backend.training.data.shots import Array
from mf_backend.training.recipe import Stage
from mf_backend.training.telling.examples import Example

_SECONDS = 20
"""After which a browser reads the page again while the run goes on."""
_STYLE = """
:root{color-scheme:light dark;font:15px/1.45 system-ui,sans-serif;--line:#8886;--soft:#8882;
--curve:#1565c0}@media(prefers-color-scheme:dark){:root{--curve:#6fb1f0}}
body{margin:1.5rem auto;max-width:72rem;padding:0 1.5rem}h1{font-size:1.4rem;margin:0}
h2{font-size:1.05rem;margin:1.6rem 0 .3rem}p{margin:.3rem 0}small{opacity:.75}
.curves{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr))}
svg{width:100%;height:auto;background:var(--soft);border-radius:.3rem}figure{margin:0}
figcaption{font-size:.85rem}polyline{fill:none;stroke:var(--curve);stroke-width:1.5}
line{stroke:var(--line)}text{font-size:11px;fill:currentColor;opacity:.75}
table{border-collapse:collapse;font-size:.85rem}th,td{padding:.2rem .5rem .2rem 0;text-align:left;
vertical-align:top}img{display:block;width:128px;height:128px;border-radius:.2rem}
"""
_WIDE, _HIGH, _LEFT, _BELOW = 420, 200, 52, 24
_POINTS = 300


@dataclass(frozen=True)
class Standing:
    """What the page's head says."""

    title: str
    how_far: str
    runs: bool
    facts: Mapping[str, str]
    examples: str
    """What the pictures are of."""
    painted: tuple[str, str] = ("Reconstruction", "Edit")
    """What the two painted pictures of a row are."""


def write_page(
    path: Path, standing: Standing, lines: Sequence[dict[str, Any]], examples: Sequence[Example]
) -> None:
    """Write the page, whole or not at all."""
    text = "\n".join(_page(standing, lines, examples))
    write_bytes(path, text.encode("utf-8", "replace"))


def _page(
    standing: Standing, lines: Sequence[dict[str, Any]], examples: Sequence[Example]
) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="generator" content="mf_backend train">'
    yield (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">"
    )
    if standing.runs:
        yield f'<meta http-equiv="refresh" content="{_SECONDS}">'
    yield f"<title>{escape(standing.title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(standing.title)}</h1><p>{escape(standing.how_far)}</p>"
    yield '<h2>Loss by step</h2><div class="curves">'
    for stage in Stage:
        points = [(float(x["step"]), float(x["loss"])) for x in lines
                  if x["stage"] == stage.value and "loss" in x]  # fmt: skip
        yield _curve(f"{stage.value}: loss", points)
    # A decoder alone shows what is possible, not what was learnt.
    painted = [x for x in lines if "psnr" in x and x["stage"] != Stage.DECODER.value]
    shown = [(float(x["total"]), float(x["psnr"])) for x in painted]
    yield _curve("edits where the person is: PSNR in dB", shown)
    yield "</div>"
    yield from _pictures(standing, examples)
    yield "<h2>What it learns from</h2><table>"
    for name, value in standing.facts.items():
        yield f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
    yield "</table></body></html>\n"


def _curve(title: str, points: Sequence[tuple[float, float]]) -> str:
    """A line over steps: the median of as many steps as fall on one of its points."""
    if len(points) < 2:
        return f"<figure><figcaption>{escape(title)}: not yet</figcaption></figure>"
    groups = np.array_split(np.array(points), min(_POINTS, len(points)))
    drawn = np.array([np.median(group, axis=0) for group in groups])
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    places = (drawn - low) / span
    line = " ".join(
        f"{_LEFT + x * (_WIDE - _LEFT - 8):.1f},{8 + (1 - y) * (_HIGH - _BELOW - 12):.1f}"
        for x, y in places
    )
    floor = _HIGH - _BELOW
    label = f"{title}, last {drawn[-1, 1]:.4g}"
    return (
        f"<figure><figcaption>{escape(label)}</figcaption>"
        f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{escape(label)}">'
        f'<line x1="{_LEFT}" y1="{floor}" x2="{_WIDE - 8}" y2="{floor}"/>'
        f'<line x1="{_LEFT}" y1="8" x2="{_LEFT}" y2="{floor}"/>'
        f'<text x="4" y="16">{high[1]:.4g}</text><text x="4" y="{floor}">{low[1]:.4g}</text>'
        f'<text x="{_LEFT}" y="{_HIGH - 8}">{low[0]:.0f}</text>'
        f'<text x="{_WIDE - 8}" y="{_HIGH - 8}" text-anchor="end">{high[0]:.0f}</text>'
        f'<polyline points="{line}"/></svg></figure>'
    )


def _pictures(standing: Standing, examples: Sequence[Example]) -> Iterator[str]:
    if not examples:
        return
    yield f"<h2>{escape(standing.examples)}</h2><table><tr><th></th>"
    yield "".join(f"<th>{name}</th>" for name in ("Footage", "Skeleton", *standing.painted))
    yield "<th>Truth</th></tr>"
    for example in examples:
        cells = (example.reference, example.pose, example.reconstruction, example.edit)
        yield f"<tr><td>{escape(example.name)}<br><small>{example.psnr:.1f} dB</small></td>"
        yield "".join(f"<td>{_image(picture)}</td>" for picture in (*cells, example.truth))
        yield "</tr>"
    yield "</table>"


def _image(picture: Array) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">'
