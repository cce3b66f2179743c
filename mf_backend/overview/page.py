"""One page that shows a batch: every take with small pictures, its figures and its report.

The page holds everything that it shows and runs no script. What job folders say is a stranger's
text: it is escaped, and a policy in the page lets it load nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from mf_backend.contracts.errors import OutputError
from mf_backend.contracts.files import write_bytes
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.overview.contact_sheet import Thumbnail, thumbnails
from mf_backend.overview.listing import ListedJob, Standing
from mf_backend.overview.words import how_far, summary

_MARK = '<meta name="generator" content="mf_backend jobs">'
"""By which a page of ours is known, and may be replaced."""
_STYLE = """
:root{color-scheme:light dark;font:15px/1.45 system-ui,sans-serif;
--line:#8885;--soft:#8882;--bad:#c62828;--doubt:#b26a00;--good:#2e7d32;--busy:#1565c0}
@media(prefers-color-scheme:dark){:root{--bad:#ef7070;--doubt:#e0a030;--good:#7cc47f;--busy:#6fb1f0}}
body{margin:1.5rem auto;max-width:100rem;padding:0 1.5rem}
h1{font-size:1.4rem;margin:0}main{display:grid;gap:1rem;
grid-template-columns:repeat(auto-fill,minmax(33rem,1fr));margin-top:1rem}
@media(max-width:36rem){main{grid-template-columns:1fr}}
article{border:1px solid var(--line);border-left:.4rem solid var(--edge);border-radius:.4rem;
padding:.7rem .9rem;min-width:0;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:0}p{margin:.25rem 0}.how{color:var(--edge);font-weight:600}
.failed,.broken{--edge:var(--bad)}.interrupted,.cancelled,.remarked{--edge:var(--doubt)}
.done{--edge:var(--good)}.running,.waiting{--edge:var(--busy)}
.sheet{display:flex;flex-wrap:wrap;gap:.4rem;margin:.5rem 0}figure{margin:0}
figcaption{font-size:.75rem;opacity:.75}img{display:block;border-radius:.2rem;background:var(--soft)}
table{border-collapse:collapse;font-size:.85rem}td{padding:0 .8rem 0 0;vertical-align:top}
.doubt{color:var(--doubt);font-weight:600}pre{white-space:pre-wrap;font-size:.75rem;
background:var(--soft);padding:.5rem;border-radius:.3rem;max-height:24rem;overflow:auto}
ul{margin:.25rem 0;padding-left:1.2rem}small{opacity:.75}
"""


def write_page(path: Path, folder: Path, jobs: Sequence[ListedJob]) -> None:
    """Write the page of the jobs below `folder`, whole or not at all.

    Raises OutputError where something else than a page of ours lies at `path`.
    """
    if path.exists() and not _is_ours(path):
        raise OutputError(
            "output-exists",
            f"{path} already exists and is not overwritten.",
            "Choose another name for the page, or move that file away.",
        )
    write_bytes(path, "\n".join(_page(folder, jobs)).encode("utf-8", "replace"))


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _MARK.encode() in file.read(1024)
    except OSError:
        return False


def _page(folder: Path, jobs: Sequence[ListedJob]) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield _MARK
    yield (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">"
    )
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Takes in {escape(folder.name)}</title><style>{_STYLE}</style></head><body>"
    yield f"<header><h1>Takes in {escape(str(folder))}</h1><p>{escape(summary(jobs))}</p></header>"
    yield "<main>"
    for job in jobs:
        yield from _take(job, thumbnails(job))
    yield "</main></body></html>\n"


def _take(job: ListedJob, pictures: Sequence[Thumbnail]) -> Iterator[str]:
    yield f'<article class="{job.standing.name.lower()}" data-job="{escape(job.name)}">'
    yield f"<h2>{escape(job.title or job.name)}</h2>"
    yield f'<p class="how">{escape(how_far(job))}</p>'
    yield f"<p><small>{escape(job.name)}{_links(job)}</small></p>"
    if job.error:
        yield f"<p><strong>{escape(job.error.get('message', ''))}</strong> "
        yield f"{escape(job.error.get('hint', ''))}</p>"
    if pictures:
        yield f'<div class="sheet">{"".join(map(_picture, pictures))}</div>'
    if job.warnings:
        yield f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in job.warnings)}</ul>"
    if doubtful := [f for f in job.figures if f.in_doubt]:
        told = " · ".join(f"{f.stage}: {f.name} {f.value}" for f in doubtful)
        yield f'<p class="doubt">{escape(told)}</p>'
    yield from _figures(job)
    if job.report:
        text = escape(json.dumps(job.report, indent=1, ensure_ascii=False))
        yield f"<details><summary>Report</summary><pre>{text}</pre></details>"
    yield "</article>"


def _picture(picture: Thumbnail) -> str:
    label = escape(picture.label)
    width, height = picture.size
    return (
        f'<figure><img src="{picture.uri}" width="{width}" height="{height}" alt="{label}">'
        f"<figcaption>{label}</figcaption></figure>"
    )


def _links(job: ListedJob) -> str:
    """Links to what a person opens next, where it is there."""
    if job.standing is Standing.BROKEN:
        return ""
    folder = JobFolder(job.folder)
    wanted = {"clip": folder.mp4, "log": folder.log, "report": folder.report}
    there = {name: path for name, path in wanted.items() if path.is_file()}
    return "".join(f' · <a href="{escape(p.as_uri())}">{name}</a>' for name, p in there.items())


def _figures(job: ListedJob) -> Iterator[str]:
    rows = [(f.stage, f.name, f.value, f.in_doubt > 0) for f in job.figures]
    rates = job.report.get("frames_per_second")
    rate = rates.get("render") if isinstance(rates, dict) else None
    if isinstance(rate, int | float) and not isinstance(rate, bool):
        rows.append(("render", "frames per second", f"{rate:g}", False))
    if not rows:
        return
    yield "<details><summary>Figures</summary><table>"
    for stage, name, value, doubtful in rows:
        mark = ' class="doubt"' if doubtful else ""
        cells = "".join(f"<td>{escape(text)}</td>" for text in (stage, name, value))
        yield f"<tr{mark}>{cells}</tr>"
    yield "</table></details>"
