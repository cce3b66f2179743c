"""`python -m mf_backend evaluate`: compare a result with the true frames."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.options import add_path
from mf_backend.cli.output import print_result, say
from mf_backend.clip.image_folder import NumberedImages, scan
from mf_backend.clip.picture_file import read_grey
from mf_backend.clip.reader import Clip, open_clip, reference_for
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import NullReporter
from mf_backend.metrics import METRICS
from mf_backend.metrics.base import REGIONS, Inside
from mf_backend.metrics.scores import Scores, score


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "evaluate",
        help=COMMANDS["evaluate"],
        description="PSNR, SSIM, LPIPS and FID of a result against the truth: over whole frames, "
        "and inside and outside of masks. Frames are compared in order of their numbers.",
    )
    add_path(
        parser,
        "--result",
        required=True,
        help="folder of frames, or a video",
    )
    add_path(parser, "--truth", required=True, help="folder of frames, or a video")
    add_path(parser, "--masks", help="folder of masks; white is inside")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no more")


def run(args: argparse.Namespace) -> int:
    """Score and print. Raises InputError where the folders do not fit together."""
    scores = evaluate(args.result, args.truth, args.masks, quiet=args.json)
    print_result(args.json, scores.to_dict(), [_table(scores)])
    return 0


def evaluate(result: Path, truth: Path, masks: Path | None, quiet: bool = True) -> Scores:
    """Score a folder or video against another. Raises InputError with one sentence."""
    with ExitStack() as stack:
        a, b = (stack.enter_context(open_clip(reference_for(p))) for p in (result, truth))
        if a.count != b.count:
            raise InputError(
                "evaluate-count",
                f"The result has {a.count} frames and the truth {b.count}.",
                "Give the same range of frames.",
            )
        if a.size != b.size:
            raise InputError(
                "evaluate-size",
                f"The result is {a.size[0]}x{a.size[1]} and the truth {b.size[0]}x{b.size[1]}.",
                "Compare frames of the same size.",
            )
        folder = None if masks is None else _masks(masks, a.count)
        return score(_pairs(a, b, folder), a.count, NullReporter() if quiet else _Lines())


def _masks(path: Path, count: int) -> NumberedImages:
    if not path.is_dir():
        raise InputError("masks-missing", f"There is no folder of masks at {path}.")
    folder = scan(path)
    if len(folder.files) != count:
        raise InputError(
            "masks-count", f"There are {len(folder.files)} masks in {path} for {count} frames."
        )
    return folder


def _pairs(
    a: Clip, b: Clip, folder: NumberedImages | None
) -> Iterator[tuple[Picture, Picture, Inside | None]]:
    for index, (result, truth) in enumerate(zip(a.frames(), b.frames(), strict=True)):
        inside = None
        if folder is not None:
            mask = read_grey(folder.files[index])
            if mask.shape != result.shape[:2]:
                raise InputError(
                    "masks-size",
                    f"The mask {folder.files[index].name} is {mask.shape[1]}x{mask.shape[0]}, the "
                    f"frames are {result.shape[1]}x{result.shape[0]}.",
                )
            inside = mask >= 128
        yield result, truth, inside


class _Lines(NullReporter):
    """Says on stderr how far it is."""

    def begin(self, stage: str, total: int) -> None:
        """Remember the number of frames."""
        self._total = total

    def advance(self, step: int, note: str = "") -> None:
        """Every tenth frame and the last."""
        if step % 10 == 0 or step == self._total:
            say(f"evaluate: frame {step} of {self._total}")


def _table(scores: Scores) -> str:
    regions = [r for r in REGIONS if any(r in v for v in scores.values.values())]
    lines = [f"{scores.frames} frames", f"{'':12}" + "".join(f"{r:>10}" for r in regions)]
    labels = {name: METRICS.load(name).label for name in METRICS.names()}
    for metric, label in labels.items():
        if metric in scores.values:
            cells = "".join(
                f"{scores.values[metric][r]:>10.4f}" if r in scores.values[metric] else f"{'-':>10}"
                for r in regions
            )
            lines.append(f"{label:12}{cells}")
    for metric, sentence in scores.missing.items():
        lines.append(f"{labels[metric]} not measured: {sentence}")
    return "\n".join(lines)
