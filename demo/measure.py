"""Did the actor take the target pose, and is the rest of the picture untouched?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import open_clip, reference_for
from mf_backend.clip.picture_file import read_grey
from mf_backend.compositing.shade import shade_of
from mf_backend.conditioning.base import ConditionContext, TargetMotion
from mf_backend.conditioning.stage_files import load_source
from mf_backend.conditioning.stages import STAGES
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import Settings, read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.skeleton.joints import BODY

PCK_WANTED = 0.8
GAIN_WANTED = 2.0
"""Decibels by which the result must be nearer to the right answer, where the actor moved."""


@dataclass(frozen=True)
class Truth:
    """Mean PSNR in dB against the film of the right answer, and the same of the footage itself.

    `actor` counts where the actor was or should be, `moved` where he is in one film only: an arm
    that does not come along, or stays behind, is seen there.
    """

    actor: float
    moved: float
    actor_before: float
    moved_before: float


@dataclass(frozen=True)
class Measures:
    """What the demo is judged by."""

    pck: float
    """Share of target body joints that the estimator finds within a tenth of the height."""
    joints: int
    changed: int
    """Pixels outside the soft masks of actor and shadow that differ from the clip's."""
    outside: int
    truth: Truth | None = None
    """None where nobody filmed the right answer."""

    def judge(self) -> tuple[bool, str]:
        """Whether both measures are met, and the lines that say so."""
        good = self.pck >= PCK_WANTED and self.changed == 0
        truth = ""
        if self.truth is not None:
            good = good and self.truth.moved >= self.truth.moved_before + GAIN_WANTED
            truth = (
                f"Against the film of the right answer: {self.truth.actor:.1f} dB where the actor "
                f"was or should be (the footage itself {self.truth.actor_before:.1f}),\n"
                f"  {self.truth.moved:.1f} dB where he left or came to (the footage "
                f"{self.truth.moved_before:.1f}; at least {GAIN_WANTED:.0f} more wanted)\n"
            )
        same = (
            "all equal the clip's" if not self.changed else f"{self.changed} DIFFER from the clip"
        )
        return good, (
            f"Pose: PCK@0.1 of the person's height {self.pck:.3f} over {self.joints} joints "
            f"(at least {PCK_WANTED} wanted)\n"
            f"{truth}"
            f"Outside the masks and shadows: {self.outside} pixels, {same}"
        )


def measure(job: JobFolder, work: Path, filmed: Path | None = None) -> Measures:
    """Compare the job's frames with its target skeletons, with the clip and with the truth.

    `filmed` is the folder with the film of the right answer, where there is one.
    """
    conditions = load_conditions(job.conditions)
    changed, outside = _untouched(job)
    right, total = _pck(
        _estimate(job.frames, work)[:, BODY],
        conditions.target_joints[:, BODY],
        _person_height(job),
        conditions.size,
    )
    truth = None
    if filmed is not None:
        actor, moved = against_truth(job.frames, filmed)
        before = against_truth(Path(read_request(job.request).reference.path), filmed)
        truth = Truth(actor, moved, *before)
    return Measures(right / max(1, total), total, changed, outside, truth)


def read_report(job: JobFolder) -> dict[str, Any]:
    """The job's report.json."""
    value: dict[str, Any] = json.loads(job.report.read_text(encoding="utf-8"))
    return value


def _estimate(frames: Path, work: Path) -> NDArray[np.float32]:
    """Joints [frames, 60, 2] that the backend's own estimator finds in the finished frames."""
    stage = next(stage for stage in STAGES if stage.name == "joints")
    work.mkdir(parents=True, exist_ok=True)
    with open_clip(reference_for(frames)) as clip:
        target = TargetMotion(joints=None, size=(0, 0))
        stage.run(ConditionContext(clip, Settings(), target, work), NullReporter())
    return load_source(work)[0]


def against_truth(frames: Path, filmed: Path) -> tuple[float, float]:
    """Mean PSNR against the truth in the union of both films' mattes, and where they differ."""
    decibels = []
    with (
        open_clip(reference_for(frames)) as result,
        open_clip(reference_for(filmed / "truth" / "frames")) as truth,
    ):
        for index, (made, right) in enumerate(zip(result.frames(), truth.frames(), strict=True)):
            name = f"{index + 1:06d}.png"
            was, is_now = (
                read_grey(filmed / take / "alpha" / name) > 127 for take in ("source", "truth")
            )
            squares = (made.astype(np.float64) - right) ** 2
            decibels.append(
                [
                    10 * np.log10(255.0**2 / max(float(squares[where].mean()), 1e-3))
                    for where in (was | is_now, was ^ is_now)
                    if where.any()
                ]
            )
    actor, moved = np.mean([both for both in decibels if len(both) == 2], axis=0)
    return float(actor), float(moved)


def _person_height(job: JobFolder) -> float:
    """The actor's height in pixels: median over the clip of the source mask's."""
    conditions = load_conditions(job.conditions)
    heights = []
    for index in range(conditions.count):
        rows = np.flatnonzero((conditions.grey("source_masks", index) > 127).any(axis=1))
        if rows.size:
            heights.append(rows[-1] - rows[0] + 1)
    return float(np.median(heights))


def _pck(
    found: NDArray[Any], wanted: NDArray[Any], height: float, size: tuple[int, int]
) -> tuple[int, int]:
    """Target joints inside the picture that were found within 0.1 of `height`, and their number."""
    inside = ((wanted >= 0) & (wanted <= np.array(size) - 1)).all(axis=-1)
    distance = np.linalg.norm(found - wanted, axis=-1)
    return int((inside & (distance <= 0.1 * height)).sum()), int(inside.sum())


def _untouched(job: JobFolder) -> tuple[int, int]:
    """Pixels outside masks and shadows that differ from the clip, and how many those are."""
    conditions = load_conditions(job.conditions)
    changed = outside = 0
    with (
        open_clip(read_request(job.request).reference) as clip,
        open_clip(reference_for(job.frames)) as result,
    ):
        pairs = zip(clip.frames(), result.frames(), strict=False)
        for index, (before, after) in enumerate(pairs):
            free = shade_of(conditions, index).alpha == 0
            for kind in ("source_masks", "target_masks", "source_alpha", "target_alpha"):
                if conditions.path(kind, index).is_file():
                    free &= conditions.grey(kind, index) == 0
            outside += int(free.sum())
            changed += int((free & (before != after).any(axis=-1)).sum())
    return changed, outside
