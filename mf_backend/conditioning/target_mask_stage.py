"""Stage "target_mask": where the actor will be; and the report and contact sheet of it all.

Leaves target_masks/, target_alpha/, source_shadow/, source_shade/, target_shadow/,
quality/target_mask.json, quality/shadow.json, report.json and contact_sheet.png.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor import user_files
from mf_backend.actor.masks.shape import Verdict, check_mask
from mf_backend.clip import picture_file, write_png
from mf_backend.clip.image_folder import list_numbers
from mf_backend.compositing.held_mattes import HeldMattes
from mf_backend.compositing.mattes import lying_over
from mf_backend.conditioning.align_stage import target_pictures
from mf_backend.conditioning.base import ConditionContext
from mf_backend.conditioning.contact_sheet import write_contact_sheet
from mf_backend.conditioning.masks_mending import FRONT
from mf_backend.conditioning.shadow import PASSES, SHADE, SOURCE, TARGET, move_shadow
from mf_backend.conditioning.stage_files import (
    is_json,
    picture_names,
    pictures_complete,
    read_mask,
)
from mf_backend.contracts.conditions import BESIDE, JOINTS, SIZE, load_conditions, read_arrays
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import write_json
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings
from mf_backend.retarget.target_mask import predict_target_masks

Matte = NDArray[np.uint8]

QUALITY = "quality/target_mask.json"
SHADOW = "shadow"
REPORT = "report.json"
SHEET = "contact_sheet.png"
_FOLDERS = ("target_masks", "target_alpha", SOURCE, TARGET)
_KEPT = 24
"""Source mattes kept in memory: a target frame's parts come from a few source frames each."""


@dataclass(frozen=True)
class TargetMaskStage:
    """See the module."""

    name: str = "target_mask"
    reports_on: tuple[str, ...] = ()
    """Names of the stages before this one, whose figures go into the report."""

    def settings_used(self, settings: Settings) -> dict[str, Any]:
        """Whether masks of the target person are given, and what becomes of the shadow."""
        return {"given": bool(settings.target_masks), "shadow": str(settings.shadow)}

    def inputs_used(self, context: ConditionContext) -> tuple[Path, ...]:
        """Masks of the target person or of the scene's character."""
        folder = _given_folder(context)
        return (folder,) if folder else ()

    def outputs(self, count: int) -> tuple[str, ...]:
        """Masks and mattes, the report and the sheet."""
        said = (QUALITY, f"quality/{SHADOW}.json", REPORT, SHEET)
        return (*said, *picture_names(count, *_FOLDERS))

    def beside(self, count: int) -> tuple[str, ...]:
        """What the plate lacks for a shadow; jobs of former versions are finished without it."""
        return picture_names(count, SHADE)

    def outputs_complete(self, out: Path, count: int, size: tuple[int, int]) -> bool:
        """Masks and mattes of all frames, the report and the sheet."""
        said = is_json(out / QUALITY) and is_json(out / REPORT)
        said = said and is_json(out / "quality" / f"{SHADOW}.json")
        folders = [out / name for name in _FOLDERS]
        seen = picture_file.intact_size(out / SHEET) is not None
        return said and seen and all(pictures_complete(folder, count, size) for folder in folders)

    def check(self, context: ConditionContext) -> None:
        """The given masks, at the size of the target's skeletons."""
        folder = _given_folder(context)
        if folder is not None:
            _, size = target_pictures(context)
            _mask_files(folder, context, size)

    def run(self, context: ConditionContext, reporter: Reporter) -> None:
        """Predict the masks frame by frame, move the shadow, write report and contact sheet."""
        clip, out = context.clip, context.out
        reporter.begin(self.name, (1 + PASSES) * clip.count)
        conditions = load_conditions(out)
        given, joints_given, refused = _given_masks(context, reporter)
        areas = []
        held = HeldMattes(conditions)
        masks = predict_target_masks(
            conditions.source_joints,
            conditions.target_joints,
            _cached(held.bare),
            clip.size,
            given,
            joints_given,
            conditions.actor_size,
            lambda index: lying_over(conditions, index),
            context.findings,
        )
        for index, (whole, whole_soft) in enumerate(masks):
            free = _not_covered(out, index, whole.shape)
            carried = held.carried(index)
            whole = np.maximum(whole, np.where(carried >= 128, 255, 0))
            whole_soft = np.maximum(whole_soft, np.where(carried >= 128, carried, 0))
            hard, soft = (np.where(free, part, 0).astype(np.uint8) for part in (whole, whole_soft))
            write_png(out / "target_masks" / f"frame_{index}.png", hard)
            write_png(out / "target_alpha" / f"frame_{index}.png", soft)
            areas.append(float((hard > 127).mean()))
            reporter.advance(index + 1, "target masks")
        write_json(
            out / QUALITY,
            {
                "from": "given masks" if given is not None else "the actor's widths and parts",
                "refused": refused,
                "mean_area": round(float(np.mean(areas)), 4),
                "empty": [i for i, area in enumerate(areas) if area == 0],
            },
        )
        wanted = context.settings.shadow
        write_json(
            out / "quality" / f"{SHADOW}.json",
            move_shadow(clip, out, wanted, reporter, clip.count, context.findings),
        )
        write_json(out / REPORT, gather_report(out, (*self.reports_on, self.name, SHADOW)))
        write_contact_sheet(out / SHEET, clip, conditions)


def gather_report(out: Path, names: Sequence[str]) -> dict[str, Any]:
    """What each stage said about its work, by stage name."""
    report: dict[str, Any] = {}
    for name in names:
        path = out / "quality" / f"{name}.json"
        if path.is_file():
            report[name] = json.loads(path.read_text(encoding="utf-8"))
    return report


def _not_covered(out: Path, index: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Where the actor could be seen in a frame [H, W]: nowhere behind what is in front of them."""
    if not (out / FRONT / f"frame_{index}.png").is_file():
        return np.ones(shape, np.bool_)
    return np.asarray(read_mask(out, FRONT, index) < 128, np.bool_)


def _cached(read: Callable[[int], Matte]) -> Callable[[int], Matte]:
    kept: OrderedDict[int, Matte] = OrderedDict()

    def get(index: int) -> Matte:
        if index in kept:
            kept.move_to_end(index)
        else:
            kept[index] = read(index)
            if len(kept) > _KEPT:
                kept.popitem(last=False)
        return kept[index]

    return get


def _given_folder(context: ConditionContext) -> Path | None:
    if context.settings.target_masks:
        return Path(context.settings.target_masks)
    return context.target.character_masks


def _mask_files(folder: Path, context: ConditionContext, size: tuple[int, int]) -> tuple[Path, ...]:
    """The given masks, one for each frame, of `size` (width, height)."""
    files = user_files.picture_files(folder, context.clip, "target masks")
    for path in files:
        found = picture_file.image_size(path)
        if found != size:
            raise InputError(
                "pictures-size",
                f"{path} is {found[0]}x{found[1]} pixels, but the target's skeletons are "
                f"{size[0]}x{size[1]}.",
                "Make the target masks at the size of the target skeletons.",
            )
    return files


def _given_masks(
    context: ConditionContext, reporter: Reporter
) -> tuple[Callable[[int], Matte | None] | None, NDArray[np.float32] | None, dict[str, str]]:
    """Reader of the given masks (None for a frame whose mask cannot be right), the joints that
    belong to them, and the frames refused."""
    folder = _given_folder(context)
    if folder is None:
        return None, None, {}
    arrays = read_arrays(
        context.out / "joints.npz",
        {"target_given": JOINTS, "target_size": SIZE},
        beside=("source", "target", "size", *BESIDE),
    )
    joints = arrays["target_given"]
    size = (int(arrays["target_size"][0]), int(arrays["target_size"][1]))
    files = _mask_files(folder, context, size)
    refused: dict[str, str] = {}
    for index, path in enumerate(files):
        check = check_mask(picture_file.read_grey(path) >= 128, joints[index])
        # An empty one says that nobody is seen, which a character that is hidden does not mean.
        if check.verdict in (Verdict.INVERTED, Verdict.ELSEWHERE, Verdict.EMPTY):
            refused[str(index)] = str(check.verdict)
    wrong = [index for index, verdict in refused.items() if verdict != Verdict.EMPTY]
    if wrong:
        frames = list_numbers(int(index) for index in wrong)
        reporter.warn(
            "target-mask-refused",
            f"The given target masks of frames {frames} do not lie on the target's skeleton "
            f"(inverted, or another person's); they are not used.",
        )

    def read(index: int) -> Matte | None:
        return None if str(index) in refused else picture_file.read_grey(files[index])

    return read, joints, refused
