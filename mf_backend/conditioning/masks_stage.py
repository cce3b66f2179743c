"""Stage "masks": the actor's mask and matte on every frame, estimated or the user's own.

Leaves source_masks/ (hard), source_alpha/ (soft), source_held/ (which hand holds what),
source_front/ (what stands in front of him) and quality/masks.json. No mask is trusted blindly: one
that cannot be the actor's is named and estimated again. Then they are mended, see masks_mending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor import user_files
from mf_backend.actor.masks import shape
from mf_backend.actor.masks.estimators import ALWAYS_HERE, DEFAULT, load_estimator
from mf_backend.actor.masks.firm_limbs import measure_cores
from mf_backend.actor.masks.kept_mattes import kept_mattes
from mf_backend.actor.masks.shape import Check, Verdict, check_mask, keep_person, soften
from mf_backend.clip import picture_file, write_png
from mf_backend.clip.image_folder import list_numbers
from mf_backend.conditioning import masks_mending as mending
from mf_backend.conditioning.base import ConditionContext
from mf_backend.conditioning.stage_files import (
    is_json,
    load_others,
    load_source,
    picture_names,
    pictures_complete,
    read_mask,
)
from mf_backend.contracts.files import write_json
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings

Matte = NDArray[np.uint8]

NAME = "masks"
QUALITY = "quality/masks.json"
_FOLDERS = ("source_masks", "source_alpha")
_GIVEN_THRESHOLD = 128
"""The user's masks are taken as they are: half grey and above is the actor."""
_WHY = {
    Verdict.INVERTED: "look inverted (the actor is black in them)",
    Verdict.ELSEWHERE: "do not cover the actor's head, shoulders and hips",
    Verdict.AREA: "cover too little or too much of the picture to be a person",
    Verdict.EMPTY: "are empty although the actor is in the picture",
}


@dataclass(frozen=True)
class MasksStage:
    """See the module."""

    name: str = NAME

    def settings_used(self, settings: Settings) -> dict[str, Any]:
        """Whether the user's masks are given, the estimator, and how far its masks are widened."""
        return {
            "given": bool(settings.source_masks),
            "estimator": settings.mask_estimator,
            "widen": settings.widen_mask,
        }

    def inputs_used(self, context: ConditionContext) -> tuple[Path, ...]:
        """The user's own masks."""
        given = context.settings.source_masks
        return (Path(given),) if given else ()

    def outputs(self, count: int) -> tuple[str, ...]:
        """What was found, masks and mattes."""
        return (QUALITY, *picture_names(count, *_FOLDERS))

    def beside(self, count: int) -> tuple[str, ...]:
        """What mending leaves; jobs of former versions are finished without it."""
        return picture_names(count, mending.HELD, mending.FRONT)

    def pictures(self, count: int) -> tuple[str, ...]:
        """Paths under `out` of all pictures."""
        return (*picture_names(count, *_FOLDERS), *self.beside(count))

    def outputs_complete(self, out: Path, count: int, size: tuple[int, int]) -> bool:
        """Masks and mattes of all frames."""
        written = is_json(out / QUALITY)
        return written and all(pictures_complete(out / name, count, size) for name in _FOLDERS)

    def check(self, context: ConditionContext) -> None:
        """The user's own masks."""
        if context.settings.source_masks:
            _mask_files(context)

    def run(self, context: ConditionContext, reporter: Reporter) -> None:
        """Take or estimate, check, estimate again what failed, and say what was done."""
        if context.actor is not None and context.actor.fill(context, self.name, reporter):
            return
        clip, out, settings = context.clip, context.out, context.settings
        joints, _ = load_source(out)
        work = _Work(out, joints, load_others(out, clip.count))
        given = bool(settings.source_masks)
        first = 1 if given else 2
        reporter.begin(self.name, clip.count * (first + mending.PASSES))
        checks: dict[int, Check] = {}
        threshold = _GIVEN_THRESHOLD if given else shape.THRESHOLD
        for index, matte in _user_mattes(context) if given else _estimated(context, work):
            checks[index] = work.keep(index, matte, threshold)
            reporter.advance(index + 1, "masks")
        if not given:
            cores = measure_cores(joints, lambda i: read_mask(out, "source_alpha", i), clip.size)
            for index, frame in enumerate(clip.frames()):
                if cores is not None:
                    firm = cores.firm(index, read_mask(out, "source_alpha", index), frame)
                    checks[index] = work.keep(index, firm)
                reporter.advance(clip.count + index + 1, "limbs")
        rejected = {i: c.verdict for i, c in checks.items() if not work.accepted(i, c)}
        if rejected and settings.source_masks:
            _name_rejected(rejected, reporter)
        again = _again(context, work, rejected, reporter) if rejected else {}
        left = mending.mend(context, joints, work.others, first * clip.count, reporter)
        quality = {
            "estimator": "given" if settings.source_masks else settings.mask_estimator or DEFAULT,
            "frames": clip.count,
            "rejected": {str(i): str(verdict) for i, verdict in rejected.items()},
            "estimated_again": {str(i): name or "skeleton" for i, name in again.items()},
            "empty": [i for i, c in sorted(checks.items()) if c.verdict is Verdict.EMPTY],
            "left_at_edge": left,
            "mean_area": round(float(np.mean([c.area for c in checks.values()])), 4),
        }
        tell(quality, reporter)
        write_json(out / QUALITY, quality)


def tell(quality: Mapping[str, Any], reporter: Reporter) -> None:
    """Warn of what the figures of the masks say."""
    again: Mapping[str, str] = quality["estimated_again"]
    failed = [int(i) for i, source in again.items() if source == "skeleton"]
    if failed:
        reporter.warn(
            "masks-doubtful",
            f"No good mask was found for frames {list_numbers(failed)}; the skeleton's outline "
            f"stands in there.",
        )
    if quality["left_at_edge"]:
        reporter.warn(
            "mask-edge",
            f"Something of the actor may stay visible beside the mask in frames "
            f"{list_numbers(quality['left_at_edge'])}. Widen the mask, or give masks of your own.",
        )


@dataclass(frozen=True)
class _Work:
    """Where masks go and whose they are."""

    out: Path
    joints: NDArray[np.float32]
    others: NDArray[np.float32]

    def present(self, index: int) -> bool:
        """Whether the actor is known to be in the picture."""
        return bool(np.isfinite(self.joints[index, :18]).any())

    def own_part(self, index: int, matte: Matte) -> Matte:
        """The actor's part of a matte of everybody."""
        joints, others = self.joints[index], self.others[index]
        own = keep_person(matte, joints, others)
        if others.size and not self.accepted(index, check_mask(own >= shape.THRESHOLD, joints)):
            # What was taken for somebody else may be the actor's own body.
            whole = keep_person(matte, joints, others[:0])
            if self.accepted(index, check_mask(whole >= shape.THRESHOLD, joints)):
                return whole
        return own

    def keep(self, index: int, matte: Matte, threshold: int = shape.THRESHOLD) -> Check:
        """Write the matte and its hard mask; say what the check finds."""
        hard = matte >= threshold
        write_png(self.out / "source_alpha" / f"frame_{index}.png", matte)
        mending.write_hard(self.out, index, hard)
        return check_mask(hard, self.joints[index])

    def accepted(self, index: int, check: Check) -> bool:
        """A good mask, or an empty one where the actor is out of the picture."""
        if check.verdict is Verdict.EMPTY:
            return not self.present(index)
        return check.verdict is Verdict.GOOD


def _estimated(
    context: ConditionContext, work: _Work, name: str = "", frames: Sequence[int] | None = None
) -> Iterator[tuple[int, Matte]]:
    clip = context.clip
    wanted = range(clip.count) if frames is None else frames
    estimator = load_estimator(name or context.settings.mask_estimator)
    device = context.settings.device
    for index, matte in kept_mattes(estimator, clip, work.joints, wanted, device, context.findings):
        yield index, work.own_part(index, matte)


def _mask_files(context: ConditionContext) -> tuple[Path, ...]:
    """The user's masks, one for each frame, of the clip's size."""
    files = user_files.picture_files(Path(context.settings.source_masks), context.clip, "masks")
    user_files.check_size(files, context.clip.size, "masks")
    return files


def _user_mattes(context: ConditionContext) -> Iterator[tuple[int, Matte]]:
    for index, file in enumerate(_mask_files(context)):
        yield index, soften(picture_file.read_grey(file))


def _name_rejected(rejected: dict[int, Verdict], reporter: Reporter) -> None:
    for verdict, why in _WHY.items():
        frames = [i for i, v in rejected.items() if v is verdict]
        if frames:
            reporter.warn(
                f"mask-{verdict}",
                f"The given masks of frames {list_numbers(frames)} {why}; they are estimated "
                f"instead.",
            )


def _again(
    context: ConditionContext, work: _Work, rejected: dict[int, Verdict], reporter: Reporter
) -> dict[int, str]:
    """Estimate rejected frames by other means; {frame: estimator that was accepted, or ''}."""
    result = dict.fromkeys(sorted(rejected), "")
    asked = context.settings.mask_estimator or DEFAULT
    others = [name for name in reversed(ALWAYS_HERE) if name != asked]
    for name in ALWAYS_HERE if context.settings.source_masks else others:
        left = [i for i, source in result.items() if source == "" and work.present(i)]
        for index, matte in _estimated(context, work, name, left):
            reporter.check()
            check = check_mask(matte >= shape.THRESHOLD, work.joints[index])
            if work.accepted(index, check):
                work.keep(index, matte)
                result[index] = name
    for index, source in result.items():
        if source == "":
            work.keep(index, shape.outline(work.joints[index], context.clip.size))
    gone = [i for i in result if not work.present(i)]
    for index in gone:
        # Nobody is there: an empty mask is right.
        result[index] = "absent"
    return result
