"""`report`: a run's figures and pictures as one page, and what changed since an earlier run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mf_backend.contracts.files import write_json

from ..measurement import read_measurement
from ..reporting.changes import Change, compare
from ..reporting.page import write_page
from ..tables import COLUMNS, mean_rows
from .run import OUT


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--run", type=Path, default=OUT, help=f"what `run` wrote; default: {OUT}")
    parser.add_argument(
        "--page", type=Path, help="default: report.html in the run's folder, report.json beside it"
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="OLD.json",
        help="an earlier run's truth.json or report.json: say what got better and worse, and end "
        "with 1 where a figure of a shot got worse by more than its tolerance",
    )
    parser.add_argument(
        "--tolerance", type=float, default=1.0, help="multiplies every figure's tolerance"
    )


def run(options: argparse.Namespace) -> int:
    """Write the page and its JSON; 1 where something got worse."""
    folder = options.run.absolute()
    told = read_measurement(folder / "truth.json")
    changes = None
    if options.against is not None:
        changes = compare(read_measurement(options.against), told, options.tolerance)
    page = (options.page or folder / "report.html").absolute()
    write_page(page, told, changes)
    means = {
        name: {".".join(c.path): v for c, v in zip(COLUMNS, values, strict=True) if v is not None}
        for name, values in mean_rows(told["shots"]).items()
    }
    whole = {**told, "means": means}
    if changes is not None:
        whole["changes"] = {
            "compared": changes.compared,
            "worse": [_plain(change) for change in changes.worse],
            "better": [_plain(change) for change in changes.better],
            "left_out": changes.left_out,
        }
        print("\n".join(changes.lines()))
    write_json(page.with_suffix(".json"), whole)
    print(page)
    return 1 if changes is not None and changes.worse else 0


def _plain(change: Change) -> dict[str, Any]:
    return {
        "shot": change.shot,
        "row": change.row,
        "figure": ".".join(change.column.path),
        "before": change.before,
        "after": change.after,
    }
