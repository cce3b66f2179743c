"""Score conditioning on case folders with known answers, and print a table.

    python tests/quality/score_case.py CASE [CASE ...] [--out DIR] [--json]

A CASE holds source_images, source_masks, source_poses, target_poses, target_masks,
target_aligned_poses and predicted_masks (what is absent is not scored), and may hold
reference_body_joints.npz; else the reference joints are read from source_poses. Figures:

- mask: mean and worst overlap (IoU) of the actor's mask with source_masks, without frames whose
  reference mask is broken (inverted, off the skeleton, empty);
- joints: PCK at 0.05 of the person's height (extent of the reference joints) and mean error of the
  body joints, without ankles and joints within 4 pixels of the border;
- hands: frames whose wrist is in the picture without a hand, and runs of fewer than three frames;
- released: median distance to the joints in target_aligned_poses;
- target mask: overlap with predicted_masks for the given aligned skeletons (`matched`), and for
  `released` with the target clip's own masks; of both, the largest share in which it differs from
  the frame before: a mask that jumps while the skeleton creeps would flicker in the result.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("GLOG_minloglevel", "2")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.shape import Verdict, check_mask
from mf_backend.clip import image_folder, open_clip, picture_file, reference_for
from mf_backend.conditioning.base import ConditionContext, TargetMotion
from mf_backend.conditioning.stages import STAGES
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import Alignment, Settings
from mf_backend.skeleton.pose_pictures import read_pose_picture

Floats = NDArray[np.float64]

_BORDER = 4
_ANKLES = (10, 13)
_SHORTEST = 3
_TARGETS = {
    "mask_iou": (0.965, True),
    "mask_worst": (0.75, True),
    "pck": (0.955, True),
    "joint_error": (7.0, False),
    "hands_missing": (0, False),
    "hands_flicker": (0, False),
    "released_px": (1.0, False),
    "target_iou": (0.82, True),
    "target_iou_masks": (0.88, True),
    "target_jump": (0.45, False),
}
"""Figure: (its aim, whether more is better)."""
_OVER_CASES: dict[str, Callable[[list[float]], float]] = {"mask_worst": min, "target_jump": max}
"""What becomes of all cases' values, where that is not their mean."""


@dataclass
class Score:
    """All figures of one case; None where it has nothing to compare with."""

    case: str
    figures: dict[str, float | None] = field(default_factory=dict)
    broken: list[int] = field(default_factory=list)
    """Frames left out because their reference mask is broken."""


def pictures(folder: Path) -> list[Path]:
    """Numbered pictures of a folder, or nothing where it is absent."""
    return list(image_folder.scan(folder).files) if folder.is_dir() else []


def read_bodies(folder: Path) -> Floats:
    """Joints [frames, 60, 2] in skeleton pictures."""
    return np.stack([read_pose_picture(picture_file.read_image(path)) for path in pictures(folder)])


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty."""
    union = (a | b).sum()
    return float((a & b).sum() / union) if union else 1.0


def usable(reference: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Reference body joints that can be trusted [frames, 18]."""
    inside = np.isfinite(reference).all(axis=-1) & (reference >= _BORDER).all(axis=-1)
    inside &= (reference < np.array(size) - _BORDER).all(axis=-1)
    inside[:, list(_ANKLES)] = False
    return inside


def score_joints(found: Floats, reference: Floats, size: tuple[int, int]) -> dict[str, float]:
    """PCK@0.05 of height and mean error; an absent joint is wrong for PCK."""
    good = usable(reference, size)
    distance = np.linalg.norm(found[:, :18] - reference, axis=-1)
    extent = np.nanmax(reference[..., 1], axis=1) - np.nanmin(reference[..., 1], axis=1)
    height = float(np.nanmedian(extent))
    right = np.nan_to_num(distance, nan=np.inf) <= 0.05 * height
    return {
        "pck": float(right[good].mean()),
        "joint_error": float(np.nanmean(distance[good])),
    }


def score_hands(joints: Floats, size: tuple[int, int]) -> dict[str, float]:
    """Frames that lack a hand whose wrist is in the picture, and runs shorter than three frames."""
    missing = flicker = 0
    for wrist, hand in ((7, slice(18, 39)), (4, slice(39, 60))):
        spot = joints[:, wrist]
        with np.errstate(invalid="ignore"):
            inside = ((spot >= 0) & (spot <= np.array(size) - 1)).all(axis=-1)
        shown = np.isfinite(joints[:, hand]).any(axis=(1, 2))
        missing += int((inside & ~shown).sum())
        change = np.flatnonzero(np.diff(shown.astype(int)))
        flicker += int((np.diff(change) < _SHORTEST).sum())
    return {"hands_missing": missing, "hands_flicker": flicker}


def score_masks(
    out: Path, folder: Path, joints: Floats, kind: str
) -> tuple[list[float], list[int]]:
    """Overlap of each frame's mask with the reference's, and frames whose reference is broken."""
    values, broken = [], []
    for index, path in enumerate(pictures(folder)):
        reference = picture_file.read_grey(path) > 127
        full = np.full((60, 2), np.nan)
        full[:18] = joints[index]
        check = check_mask(reference, full)
        if check.verdict in (Verdict.INVERTED, Verdict.ELSEWHERE, Verdict.EMPTY):
            broken.append(index)
            continue
        mine = picture_file.read_grey(out / kind / f"frame_{index}.png") > 127
        values.append(overlap(mine, reference))
    return values, broken


def run_stages(case: Path, settings: Settings, poses: str, out: Path, source: Path | None) -> None:
    """Condition a case; with `source`, joints and masks are taken from that finished folder."""
    out.mkdir(parents=True)
    if source is not None:
        for name in ("source_joints.npz", "source_masks", "source_alpha", "source_poses"):
            (out / name).symlink_to(source / name)
    with open_clip(reference_for(case / "source_images")) as clip:
        target = TargetMotion(None, (0, 0), case / poses)
        context = ConditionContext(clip, settings, target, out)
        for stage in STAGES:
            if source is None or stage.name in ("align", "target_mask"):
                stage.run(context, NullReporter())


def score_case(case: Path, work: Path) -> Score:
    """All figures of one case."""
    score = Score(case.name)
    figures = score.figures
    fit = work / "fit"
    run_stages(case, Settings(widen_mask=0.0), "target_poses", fit, None)
    found = load_conditions(fit)
    joints = found.source_joints.astype(np.float64)
    recorded = case / "reference_body_joints.npz"
    if recorded.is_file():
        with np.load(recorded) as data:
            reference = data["source_poses"].astype(np.float64)
    else:
        reference = read_bodies(case / "source_poses")[:, :18]
    values, score.broken = score_masks(fit, case / "source_masks", reference, "source_masks")
    figures["mask_iou"], figures["mask_worst"] = float(np.mean(values)), float(np.min(values))
    figures |= score_joints(joints, reference, found.size)
    figures |= score_hands(joints, found.size)
    jumps: list[float] = []
    masks = str((case / "target_masks").absolute())
    if (case / "target_masks").is_dir():
        settings = Settings(alignment=Alignment.RELEASED, target_masks=masks, widen_mask=0.0)
        run_stages(case, settings, "target_poses", work / "released", fit)
        if (case / "target_aligned_poses").is_dir():
            given = read_bodies(case / "target_aligned_poses")[:, :18]
            mine = load_conditions(work / "released").target_joints[:, :18]
            figures["released_px"] = float(np.nanmedian(np.linalg.norm(mine - given, axis=-1)))
        figures["target_iou_masks"] = _target_overlap(work / "released", case)
        jumps.append(_jump(work / "released"))
    if (case / "target_aligned_poses").is_dir():
        settings = Settings(alignment=Alignment.MATCHED, widen_mask=0.0)
        run_stages(case, settings, "target_aligned_poses", work / "matched", fit)
        figures["target_iou"] = _target_overlap(work / "matched", case)
        jumps.append(_jump(work / "matched"))
    figures["target_jump"] = max(jumps, default=None)
    return score


def _target_overlap(out: Path, case: Path) -> float | None:
    files = pictures(case / "predicted_masks")
    if not files:
        return None
    masks = zip(_target_masks(out), files, strict=True)
    return float(np.mean([overlap(m, picture_file.read_grey(path) > 127) for m, path in masks]))


def _jump(out: Path) -> float:
    """The largest share of two successive target masks that only one of them has."""
    return max(1 - overlap(a, b) for a, b in itertools.pairwise(_target_masks(out)))


def _target_masks(out: Path) -> Iterator[NDArray[np.bool_]]:
    for index in range(len(pictures(out / "target_masks"))):
        yield picture_file.read_grey(out / "target_masks" / f"frame_{index}.png") > 127


def mean_figures(scores: list[Score]) -> dict[str, float]:
    """Mean over cases; the worst mask and the largest jump are those of all."""
    means = {}
    for name in _TARGETS:
        values = [v for s in scores if (v := s.figures.get(name)) is not None]
        if values:
            means[name] = float(_OVER_CASES.get(name, np.mean)(values))
    return means


def table(scores: list[Score]) -> list[str]:
    """The figures as lines of text."""
    names = list(_TARGETS)
    lines = ["case".ljust(12) + "".join(name.rjust(18) for name in names)]
    rows: list[tuple[str, dict[str, Any]]] = [(s.case, s.figures) for s in scores]
    means = mean_figures(scores)
    for case, figures in [*rows, ("all", means)]:
        cells = ["-" if figures.get(name) is None else f"{figures[name]:.4g}" for name in names]
        lines.append(case.ljust(12) + "".join(cell.rjust(18) for cell in cells))
    aims = [f"{'>=' if more else '<='} {aim}" for aim, more in _TARGETS.values()]
    lines.append("aim".ljust(12) + "".join(aim.rjust(18) for aim in aims))
    for score in scores:
        if score.broken:
            lines.append(f"{score.case}: reference masks left out on frames {score.broken}")
    return lines


def met(means: dict[str, float]) -> bool:
    """Whether every figure that was measured reaches its aim."""
    return all(
        (means[name] >= aim) if more else (means[name] <= aim)
        for name, (aim, more) in _TARGETS.items()
        if name in means
    )


def main() -> int:
    """Score the cases; the exit status says whether all aims are met."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, help="keep the conditioning folders here")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = (args.out or Path(temporary)).absolute()
        scores = [score_case(case, work / case.name) for case in args.cases]
    means = mean_figures(scores)
    if args.json:
        cases = {s.case: s.figures | {"broken": s.broken} for s in scores}
        print(json.dumps({"cases": cases, "mean": means, "met": met(means)}, indent=1))
    else:
        print("\n".join(table(scores)))
    return 0 if met(means) else 1


if __name__ == "__main__":
    sys.exit(main())
