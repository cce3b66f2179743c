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

from mf_backend.cli.actor_options import add_actor_options, add_range_options, clicks_of
from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.log_lines import visible
from mf_backend.cli.options import add_path
from mf_backend.cli.output import print_json
from mf_backend.contracts.disk.links import refuse_links
from mf_backend.contracts.errors import InputError, OutputError
from mf_backend.contracts.files import output_error
from mf_backend.contracts.machine.resources import check_room
from mf_backend.contracts.request import Alignment, Settings, Shadow
from mf_backend.jobs.stages.costs import room_needed

LOG = "condition.log"
_PICTURES = (
    *("source_poses", "source_masks", "source_alpha"),
    *("target_poses", "target_masks", "target_alpha"),
    *("source_shadow", "source_shade", "target_shadow"),
)


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "condition",
        help=COMMANDS["condition"],
        description=__doc__,
    )
    add_path(parser, "--reference", required=True, metavar="CLIP", help="video or folder of images")
    add_path(parser, "--out", required=True, metavar="DIR", help="folder to write")
    target = parser.add_mutually_exclusive_group()
    add_path(target, "--target-poses", metavar="DIR", help="folder of target skeleton pictures")
    add_path(
        target,
        "--target-joints",
        metavar="FILE",
        help="npz with `target` [frames, 60, 2] and `size` (width, height)",
    )
    parser.add_argument("--alignment", choices=[str(a) for a in Alignment], default="fit")
    parser.add_argument(
        "--shadow",
        choices=[str(s) for s in Shadow],
        default=str(Shadow.MOVE),
        help="move the actor's shadow along, or keep it as filmed",
    )
    parser.add_argument(
        "--keep-rig-limbs",
        action="store_true",
        help="with fit: keep the rig's limb lengths instead of giving it the actor's",
    )
    for name, metavar, text in (
        ("--source-masks", "DIR", "the actor's masks"),
        ("--source-poses", "DIR", "the actor's skeletons"),
        ("--source-joints", "FILE", "npz with `source` [frames, 60, 2]"),
        ("--target-masks", "DIR", "masks of the person whose motion it is"),
        ("--character-masks", "DIR", "masks of the rig's own character, through the camera"),
    ):
        add_path(parser, name, metavar=metavar, help=text)
    add_actor_options(parser)
    add_range_options(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the report as one JSON object on stdout"
    )


def _absolute(path: Path | None) -> str:
    return str(path.absolute()) if path else ""


def _settings(args: argparse.Namespace) -> Settings:
    alignment = Alignment(args.alignment)
    if alignment is Alignment.RELEASED and not args.target_masks:
        raise InputError(
            "released-needs-masks",
            "--alignment released needs --target-masks.",
            "Give masks of the person whose motion it is, or use --alignment fit.",
        )
    for name in ("source_masks", "source_poses", "target_masks", "character_masks", "target_poses"):
        folder = getattr(args, name)
        if folder is not None and not folder.is_dir():
            option = name.replace("_", "-")
            raise InputError("input-missing", f"The folder {folder} (--{option}) does not exist.")
    return Settings(
        alignment=alignment,
        shadow=Shadow(args.shadow),
        keep_limb_lengths=not args.keep_rig_limbs,
        source_poses=_absolute(args.source_poses),
        source_joints=_absolute(args.source_joints),
        source_masks=_absolute(args.source_masks),
        target_masks=_absolute(args.target_masks),
        mask_estimator=args.mask_estimator,
        widen_mask=args.widen_mask,
        person=args.person,
        clicks=clicks_of(args),
    )


def _check_target(args: argparse.Namespace) -> None:
    """Refuse a call without a target, or with one that is not there."""
    if args.target_joints is None and args.target_poses is None:
        raise InputError(
            "target-missing",
            "No target motion was given.",
            "Use --target-poses DIR or --target-joints FILE.",
        )


def _target(args: argparse.Namespace, count: int) -> Any:
    """The target motion for `count` frames of the clip."""
    from mf_backend.actor.user_files import TARGET_JOINTS, read_target_joints
    from mf_backend.conditioning.base import TargetMotion

    if args.target_poses is not None:
        return TargetMotion(None, (0, 0), args.target_poses, args.character_masks)
    joints, size, positions = read_target_joints(args.target_joints, TARGET_JOINTS, count)
    return TargetMotion(joints, size, None, args.character_masks, positions)


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
    refuse_links(out, "folder")


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


def _condition(clip: Any, settings: Settings, target: Any, out: Path) -> list[dict[str, str]]:
    """Do the work with what libraries print in the log; returns the warnings."""
    from mf_backend.conditioning.stages import condition

    with native_messages_to(out / LOG) as terminal:
        reporter = TerminalReporter(terminal)
        for code, message in clip.info.notes:
            reporter.warn(code, message)
        condition(clip, settings, target, out, reporter, clip.first)
        return reporter.warnings


def run(args: argparse.Namespace) -> int:
    """Condition a clip; prints what was found. Errors are raised as MFError."""
    from mf_backend.clip import open_clip, reference_for
    from mf_backend.conditioning.base import ConditionContext
    from mf_backend.conditioning.stages import check_given
    from mf_backend.conditioning.target_mask_stage import REPORT

    settings = _settings(args)
    _check_target(args)
    check_room(room_needed(settings), "conditioning")
    check_out(args.out)
    started = time.monotonic()
    with open_clip(reference_for(args.reference, args.first, args.count, args.fps)) as clip:
        target = _target(args, clip.count)
        check_given(ConditionContext(clip, settings, target, args.out, first=args.first))
        warnings = _condition(clip, settings, target, args.out)
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
        "warnings": warnings,
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
