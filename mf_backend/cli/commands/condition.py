"""`condition`: joints, masks, skeletons and target masks from a clip and a target motion."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.output import print_json
from mf_backend.contracts.errors import InputError, OutputError
from mf_backend.contracts.files import output_error
from mf_backend.contracts.log_lines import visible
from mf_backend.contracts.request import Alignment, Settings
from mf_backend.contracts.resources import check_address_space
from mf_backend.jobs.costs import address_space

LOG = "condition.log"
_PICTURES = (
    *("source_poses", "source_masks", "source_alpha"),
    *("target_poses", "target_masks", "target_alpha"),
)


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "condition",
        help=COMMANDS["condition"],
        description=__doc__,
    )
    parser.add_argument(
        "--reference", required=True, type=Path, metavar="CLIP", help="video or folder of images"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder to write")
    target = parser.add_mutually_exclusive_group()
    target.add_argument(
        "--target-poses", type=Path, metavar="DIR", help="folder of target skeleton pictures"
    )
    target.add_argument(
        "--target-joints",
        type=Path,
        metavar="FILE",
        help="npz with `target` [frames, 60, 2] and `size` (width, height)",
    )
    parser.add_argument("--alignment", choices=[str(a) for a in Alignment], default="fit")
    parser.add_argument(
        "--keep-rig-limbs",
        action="store_true",
        help="with fit: keep the rig's limb lengths instead of giving it the actor's",
    )
    parser.add_argument("--source-masks", type=Path, metavar="DIR", help="the actor's masks")
    parser.add_argument("--source-poses", type=Path, metavar="DIR", help="the actor's skeletons")
    parser.add_argument(
        "--source-joints", type=Path, metavar="FILE", help="npz with `source` [frames, 60, 2]"
    )
    parser.add_argument(
        "--target-masks", type=Path, metavar="DIR", help="masks of the person whose motion it is"
    )
    parser.add_argument(
        "--character-masks",
        type=Path,
        metavar="DIR",
        help="masks of the rig's own character, rendered through the camera",
    )
    parser.add_argument(
        "--person",
        metavar="F,X,Y",
        help="who to follow: frame,x,y or frame,x0,y0,x1,y1 in pixels (default: the largest)",
    )
    parser.add_argument(
        "--mask-estimator",
        default="",
        metavar="NAME",
        help="rvm (the default), mediapipe, birefnet or sam2; `weights list` says where the last "
        "two come from",
    )
    parser.add_argument(
        "--widen-mask",
        type=float,
        default=0.0,
        metavar="PX",
        help="widen the estimated masks of the actor by so many pixels (at a size of 512)",
    )
    parser.add_argument("--first", type=int, default=0, help="first frame of the clip to use")
    parser.add_argument("--count", type=int, default=0, help="number of frames (0: to the end)")
    parser.add_argument("--fps", type=float, default=0.0, help="rate of a folder of images")
    parser.add_argument(
        "--json", action="store_true", help="print the report as one JSON object on stdout"
    )


def _absolute(path: Path | None) -> str:
    return str(path.absolute()) if path else ""


def _person(text: str | None) -> tuple[float, ...]:
    if not text:
        return ()
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (3, 5):
        raise InputError(
            "person-invalid", f"--person must be F,X,Y or F,X0,Y0,X1,Y1, not {text!r}."
        )
    return values


def _settings(args: argparse.Namespace) -> Settings:
    alignment = Alignment(args.alignment)
    if alignment is Alignment.RELEASED and not args.target_masks:
        raise InputError(
            "released-needs-masks",
            "--alignment released needs --target-masks.",
            "Give masks of the person whose motion it is, or use --alignment fit.",
        )
    for name in ("source_masks", "source_poses", "target_masks", "character_masks"):
        folder = getattr(args, name)
        if folder is not None and not folder.is_dir():
            option = name.replace("_", "-")
            raise InputError("input-missing", f"The folder {folder} (--{option}) does not exist.")
    return Settings(
        alignment=alignment,
        keep_limb_lengths=not args.keep_rig_limbs,
        source_poses=_absolute(args.source_poses),
        source_joints=_absolute(args.source_joints),
        source_masks=_absolute(args.source_masks),
        target_masks=_absolute(args.target_masks),
        mask_estimator=args.mask_estimator,
        widen_mask=args.widen_mask,
        person=_person(args.person),
    )


def _target(args: argparse.Namespace) -> Any:
    from mf_backend.conditioning.base import TargetMotion

    if args.target_joints is None and args.target_poses is None:
        raise InputError(
            "target-missing",
            "No target motion was given.",
            "Use --target-poses DIR or --target-joints FILE.",
        )
    if args.target_poses is not None:
        return TargetMotion(None, (0, 0), args.target_poses, args.character_masks)
    try:
        with np.load(args.target_joints, allow_pickle=False) as data:
            joints = np.asarray(data["target"], dtype=np.float32)
            size = tuple(int(x) for x in np.asarray(data["size"]).ravel())
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise InputError(
            "joints-damaged",
            f"{args.target_joints} cannot be read as target joints: {error}.",
            "It must be an npz with `target` [frames, 60, 2] and `size` (width, height).",
        ) from None
    if joints.ndim != 3 or joints.shape[1:] != (60, 2) or len(size) != 2 or min(size) < 1:
        raise InputError(
            "joints-shape",
            f"`target` in {args.target_joints} is {list(joints.shape)} and `size` {list(size)}; "
            f"they must be [frames, 60, 2] and (width, height).",
        )
    return TargetMotion(joints, (size[0], size[1]), None, args.character_masks)


def check_out(out: Path) -> None:
    """Refuse a folder that holds anything but an earlier run of this command."""
    if out.exists() and not out.is_dir():
        raise OutputError("output-exists", f"{out} is a file.", "Choose another folder for --out.")
    ours = any((out / name).is_file() for name in ("source_joints.npz", LOG))
    if out.is_dir() and any(out.iterdir()) and not ours:
        raise OutputError(
            "output-exists",
            f"{out} is not empty and was not made by `condition`; nothing was written.",
            "Choose an empty or new folder for --out.",
        )


@contextmanager
def native_messages_to(path: Path) -> Iterator[TextIO]:
    """Send what C libraries print on file descriptor 2 to a log file; yield the former stderr."""
    sys.stderr.flush()
    former = os.dup(2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    except OSError as error:
        os.close(former)
        raise output_error(path, error) from error
    terminal = os.fdopen(os.dup(former), "w", encoding="utf-8", errors="backslashreplace")
    try:
        os.dup2(log, 2)
        with terminal:
            yield terminal
    finally:
        sys.stderr.flush()
        os.dup2(former, 2)
        os.close(former)
        os.close(log)


class TerminalReporter:
    """Says on a terminal which stage runs, at most every second."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self.warnings: list[dict[str, str]] = []
        self._stage, self._total, self._said = "", 0, 0.0

    def begin(self, stage: str, total: int) -> None:
        """A stage starts."""
        self._stage, self._total, self._said = stage, total, 0.0

    def advance(self, step: int, note: str = "") -> None:
        """Say how far the stage is."""
        now = time.monotonic()
        if now - self._said > 1 or step == self._total:
            self._said = now
            text = f"{self._stage} {step}/{self._total} {note}".rstrip()
            print(text, file=self._terminal, flush=True)

    def check(self) -> None:
        """Ctrl-C ends the process by itself."""

    def warn(self, code: str, message: str) -> None:
        """Print and keep the warning."""
        self.warnings.append({"code": code, "message": message})
        print(f"Warning: {visible(message)}", file=self._terminal, flush=True)


def run(args: argparse.Namespace) -> int:
    """Condition a clip; prints what was found. Errors are raised as MFError."""
    from mf_backend.clip import open_clip, reference_for
    from mf_backend.conditioning.stages import condition
    from mf_backend.conditioning.target_mask_stage import REPORT

    settings, target = _settings(args), _target(args)
    check_address_space(address_space(settings), "conditioning")
    check_out(args.out)
    started = time.monotonic()
    with (
        open_clip(reference_for(args.reference, args.first, args.count, args.fps)) as clip,
        native_messages_to(args.out / LOG) as terminal,
    ):
        reporter = TerminalReporter(terminal)
        for code, message in clip.info.notes:
            reporter.warn(code, message)
        condition(clip, settings, target, args.out, reporter)
        count, size = clip.count, clip.size
    for kind in _PICTURES:
        _drop_later_frames(args.out / kind, count)
    report = json.loads((args.out / REPORT).read_text(encoding="utf-8"))
    seconds = time.monotonic() - started
    report |= {
        "out": str(args.out.absolute()),
        "frames": count,
        "size": list(size),
        "seconds": round(seconds, 2),
        "frames_per_second": round(count / seconds, 3),
        "warnings": reporter.warnings,
    }
    if args.json:
        print_json(report)
    else:
        print("\n".join(summary(report)))
    return 0


def _drop_later_frames(folder: Path, count: int) -> None:
    """Remove numbered pictures that an earlier, longer run left in a folder of ours."""
    for path in folder.glob("frame_*.png"):
        number = path.stem.removeprefix("frame_")
        if number.isdigit() and int(number) >= count:
            path.unlink()


def summary(report: dict[str, Any]) -> list[str]:
    """The report in a few lines."""
    joints, masks, align = report["joints"], report["masks"], report["align"]
    lost = joints.get("frames_without_person", [])
    lines = [
        f"{report['frames']} frames of {report['size'][0]}x{report['size'][1]} in "
        f"{report['seconds']:.1f} s ({report['frames_per_second']:.2f} frames/s)",
        f"joints: {joints['estimator']}; frames without a person: {len(lost)}",
    ]
    if "hands" in joints:
        unsure = joints["unsure_joints"]
        lines.append(
            f"  low-confidence joints: {sum(unsure.values())} on {len(unsure)} frames; hands: "
            + ", ".join(
                f"{side} "
                + "/".join(f"{number} {state}" for state, number in states.items() if number)
                for side, states in joints["hands"].items()
            )
        )
    lines.append(
        f"masks: {masks['estimator']}; rejected: {len(masks['rejected'])}; mean area "
        f"{masks['mean_area']:.1%} of the picture"
    )
    ratios = ", ".join(f"{name} {value:.2f}" for name, value in align["limb_ratios"].items())
    lines.append(
        f"alignment: {align['mode']}, scale {align['scale']:.3f}, anchor {align['anchor']}"
        + (f"; limbs {ratios}" if ratios else "")
    )
    lines.append(f"target masks: from {report['target_mask']['from']}")
    lines.append(f"written to {report['out']} (see contact_sheet.png)")
    return lines
