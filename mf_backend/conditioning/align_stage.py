"""Stage "align": the target skeletons, read and fitted to the actor.

Leaves joints.npz (see contracts.conditions), target_poses/ and quality/align.json. With `matched`,
skeleton pictures are copied byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor import user_files
from mf_backend.actor.masks.shape import THRESHOLD
from mf_backend.actor.plate.kept_motion import kept_motion
from mf_backend.clip import picture_file, write_png
from mf_backend.clip.image_folder import list_numbers
from mf_backend.conditioning.base import ConditionContext
from mf_backend.conditioning.stage_files import (
    copy_whole,
    is_json,
    load_source,
    load_world,
    picture_names,
    pictures_complete,
    read_mask,
)
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import write_json, write_npz
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Alignment, Settings
from mf_backend.retarget.alignment import AlignmentOptions, align, mask_box
from mf_backend.retarget.placement import View

FILE = "joints.npz"
QUALITY = "quality/align.json"
_SAME_ASPECT = 0.01
_FOLLOWED = 0.95
"""Share of frames whose registration must hold for the camera's way to be believed."""

Joints = NDArray[np.float32]


@dataclass(frozen=True)
class _Target:
    """The target as given: joints in pixels of `size`, and its pictures if there are any."""

    joints: Joints
    size: tuple[int, int]
    pictures: tuple[Path, ...] = ()


@dataclass(frozen=True)
class AlignStage:
    """See the module."""

    name: str = "align"

    def settings_used(self, settings: Settings) -> dict[str, Any]:
        """The mode and whether limbs keep the actor's length."""
        return {
            "alignment": str(settings.alignment),
            "keep_limb_lengths": settings.keep_limb_lengths,
        }

    def inputs_used(self, context: ConditionContext) -> tuple[Path, ...]:
        """The target's pictures and, for `released`, the target person's masks."""
        given = [context.target.poses] if context.target.poses else []
        if context.settings.alignment is Alignment.RELEASED and context.settings.target_masks:
            given.append(Path(context.settings.target_masks))
        return tuple(given)

    def outputs(self, count: int) -> tuple[str, ...]:
        """Joints of both sides, what was done, and the target's pictures."""
        return (FILE, QUALITY, *picture_names(count, "target_poses"))

    def beside(self, count: int) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def outputs_complete(self, out: Path, count: int, size: tuple[int, int]) -> bool:
        """Joints of both sides and the target's pictures."""
        try:
            conditions = load_conditions(out)
        except InputError:
            return False
        fits = conditions.count == count == len(conditions.target_joints)
        return (
            fits
            and conditions.size == size
            and is_json(out / QUALITY)
            and pictures_complete(out / "target_poses", count, size)
        )

    def check(self, context: ConditionContext) -> None:
        """The target's pictures, their number and size, and masks that `released` needs."""
        _, size = target_pictures(context)
        _scale(size, context.clip.size, context.settings.alignment)
        _target_masks(context, size)

    def run(self, context: ConditionContext, reporter: Reporter) -> None:
        """Read the target, fit it, draw it, and say what was done."""
        clip, out, settings = context.clip, context.out, context.settings
        reporter.begin(self.name, clip.count)
        source, state = load_source(out)
        target = _read_target(context)
        placed = _to_clip(target, clip.size, settings.alignment)
        world, positions = load_world(out), context.target.positions
        options = AlignmentOptions(
            clip.size,
            source_world=world,
            target_positions=positions,
            view=_view(context, reporter),
            keep_limb_lengths=settings.keep_limb_lengths,
            source_boxes=_boxes(_source_masks(context), settings.alignment),
            target_boxes=_boxes(_target_masks(context, target.size), settings.alignment),
        )
        result = align(placed, source, settings.alignment, options)
        depths = {} if world is None else {"source_world": world}
        if positions is not None:
            depths["target_positions"] = positions
        write_npz(
            out / FILE,
            **depths,
            source=source,
            source_state=state,
            target=result.joints.astype(np.float32),
            actor_size=np.array(result.actor_size),
            target_given=target.joints,
            target_size=np.array(target.size),
            size=np.array(clip.size),
        )
        from mf_backend.skeleton.draw import draw_skeleton

        copied = settings.alignment is Alignment.MATCHED and bool(target.pictures)
        for index in range(clip.count):
            path = out / "target_poses" / f"frame_{index}.png"
            if copied:
                copy_whole(target.pictures[index], path)
            else:
                write_png(path, draw_skeleton(result.joints[index], clip.size))
            reporter.advance(index + 1, "drawing skeletons")
        for note in result.report.notes:
            reporter.warn("alignment-note", note)
        empty = ~np.isfinite(result.joints).any(axis=(1, 2))
        if empty.any():
            reporter.warn(
                "target-empty-frames",
                f"The target skeleton has no joints on frames "
                f"{list_numbers(int(i) for i in np.flatnonzero(empty))}.",
            )
        write_json(out / QUALITY, result.report.to_dict())


def target_pictures(context: ConditionContext) -> tuple[tuple[Path, ...], tuple[int, int]]:
    """(the target's pictures as far as they are used, (width, height) that the target is made for).

    Raises InputError where there is no target, or one that does not fit the clip.
    """
    clip, target, mode = context.clip, context.target, context.settings.alignment
    if target.joints is None and target.poses is None:
        raise InputError(
            "target-missing",
            "No target motion was given.",
            "Give target joints or a folder of target skeletons.",
        )
    if target.joints is not None and len(target.joints) != clip.count:
        raise InputError(
            "target-length",
            f"The target motion has {len(target.joints)} frames, but {clip.count} frames of "
            f"the clip are used.",
            "Make the target for the same frames as the clip.",
        )
    pictures: tuple[Path, ...] = ()
    size = target.size
    if target.poses is not None and (target.joints is None or mode is Alignment.MATCHED):
        pictures = user_files.picture_files(target.poses, clip, "target skeletons")
        found = picture_file.check_sizes(pictures)
        size = found if target.joints is None else size
        if mode is Alignment.MATCHED:
            user_files.check_size(pictures, clip.size, "target skeletons")
            other = next((p for p in pictures if p.suffix.lower() != ".png"), None)
            if other is not None:
                raise InputError(
                    "poses-not-png",
                    f"{other.name} is not a PNG; `matched` uses the pictures as they are.",
                    "Save the target skeletons as PNG.",
                )
    return pictures, size


def _read_target(context: ConditionContext) -> _Target:
    pictures, size = target_pictures(context)
    joints = context.target.joints
    if joints is None:
        joints = user_files.read_pose_pictures(pictures)
    return _Target(joints, size, pictures)


def _scale(
    made_for: tuple[int, int], size: tuple[int, int], mode: Alignment
) -> NDArray[np.float64]:
    """(across, up): what a target made for one size is multiplied by to fit a clip of `size`.

    Raises InputError where the shapes differ and `mode` keeps the target's place in the picture.
    """
    across, up = size[0] / made_for[0], size[1] / made_for[1]
    alike = abs(across / up - 1) <= _SAME_ASPECT
    if mode is not Alignment.FIT and not alike:
        raise InputError(
            "target-size",
            f"The target was made for {made_for[0]}x{made_for[1]} pixels, which is another "
            f"shape than the clip's {size[0]}x{size[1]}; `{mode}` keeps its place in the picture.",
            "Render it at the clip's size, or use the alignment `fit`.",
        )
    return np.array([across, up] if alike else [up, up])


def _to_clip(target: _Target, size: tuple[int, int], mode: Alignment) -> Joints:
    """The target's joints in the clip's pixels: enlarged or reduced as a whole."""
    if target.size == size:
        return target.joints
    scale = _scale(target.size, size, mode)
    # Pixel centres lie at whole numbers, so the picture's corner is at -0.5.
    placed: Joints = ((target.joints + 0.5) * scale - 0.5).astype(np.float32)
    return placed


def _boxes(masks: Sequence[Any], mode: Alignment) -> NDArray[np.float64] | None:
    if mode is not Alignment.RELEASED:
        return None
    nothing = (np.nan,) * 4
    return np.array([mask_box(mask()) or nothing for mask in masks], np.float64)


def _view(context: ConditionContext, reporter: Reporter) -> View:
    """How the clip's camera moved, seen on what is not the actor; only `fit` follows it."""
    if context.settings.alignment is not Alignment.FIT:
        return View()
    motion = kept_motion(
        context.clip,
        lambda index: read_mask(context.out, "source_masks", index),
        reporter,
        context.findings,
    )
    # A registration that broke off says less about the camera than that it stood still.
    if motion.steady or motion.registered < _FOLLOWED:
        return View()
    return View(motion.to_first)


def _source_masks(context: ConditionContext) -> list[Any]:
    """Readers of the actor's masks, without the visible edge that estimated ones take in: a pixel
    more in a box of the person changes the scale of the whole skeleton."""
    out, given = context.out, bool(context.settings.source_masks)

    def read(index: int) -> NDArray[np.uint8]:
        if given:
            return read_mask(out, "source_masks", index)
        person = read_mask(out, "source_alpha", index) >= THRESHOLD
        return person.astype(np.uint8) * np.uint8(255)

    return [lambda i=i: read(i) for i in range(context.clip.count)]


def _target_masks(context: ConditionContext, size: tuple[int, int]) -> list[Any]:
    """Readers of the target person's masks, in the clip's pixels; only `released` needs them."""
    settings, clip = context.settings, context.clip
    if settings.alignment is not Alignment.RELEASED:
        return []
    if not settings.target_masks:
        raise InputError(
            "released-needs-masks",
            "The alignment `released` needs masks of the person whose motion it is.",
            "Give them with --target-masks, or use `fit`.",
        )
    files = user_files.picture_files(Path(settings.target_masks), clip, "target masks")
    user_files.check_size(files, size, "target masks")

    def reader(path: Path) -> Any:
        def read() -> NDArray[np.uint8]:
            import cv2

            mask = picture_file.read_grey(path)
            if size == clip.size:
                return mask
            scaled: NDArray[np.uint8] = cv2.resize(mask, clip.size, interpolation=cv2.INTER_NEAREST)
            return scaled

        return read

    return [reader(path) for path in files]
