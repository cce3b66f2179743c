"""Stage "joints": the actor's skeleton on every frame, estimated or from the user's own files.

Leaves source_joints.npz (see stage_files), source_poses/frame_N.png and
quality/joints.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor import pointing, user_files
from mf_backend.actor.joints.estimators import best_estimator
from mf_backend.actor.joints.person_choice import NobodyThereError
from mf_backend.clip import write_png
from mf_backend.clip.image_folder import list_numbers
from mf_backend.conditioning.base import ConditionContext
from mf_backend.conditioning.stage_files import (
    SOURCE_JOINTS,
    copy_whole,
    is_json,
    load_source,
    picture_names,
    pictures_complete,
)
from mf_backend.contracts.conditions import JointState
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import write_json, write_npz
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings
from mf_backend.skeleton.joints import BODY, LEFT_HAND, RIGHT_HAND

NAME = "joints"
QUALITY = "quality/joints.json"


@dataclass(frozen=True)
class JointsStage:
    """See the module."""

    name: str = NAME

    def settings_used(self, settings: Settings) -> dict[str, Any]:
        """The person pointed at, which of the user's files are given, and the estimator."""
        if settings.source_joints or settings.source_poses:
            return {"given": "joints" if settings.source_joints else "poses"}
        used = {"person": list(settings.person), "estimator": best_estimator().name}
        # Left out where there are none, so that former jobs stay done.
        return {**used, "clicks": list(settings.clicks)} if settings.clicks else used

    def inputs_used(self, context: ConditionContext) -> tuple[Path, ...]:
        """The user's own joints or skeleton pictures."""
        given = context.settings.source_joints or context.settings.source_poses
        return (Path(given),) if given else ()

    def outputs(self, count: int) -> tuple[str, ...]:
        """Joints, what was found, and the pictures."""
        return (SOURCE_JOINTS, QUALITY, *picture_names(count, "source_poses"))

    def beside(self, count: int) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def outputs_complete(self, out: Path, count: int, size: tuple[int, int]) -> bool:
        """Joints of all frames and their pictures."""
        try:
            joints, _ = load_source(out)
        except InputError:
            return False
        complete = len(joints) == count and is_json(out / QUALITY)
        return complete and pictures_complete(out / "source_poses", count, size)

    def check(self, context: ConditionContext) -> None:
        """The person pointed at, and the user's own joints or skeleton pictures."""
        settings, clip = context.settings, context.clip
        pointing.check_pointing(settings, clip)
        if context.actor is None:
            pointing.on_frames_used(settings, context.first, clip.count)
        if settings.source_joints:
            user_files.read_joints_file(Path(settings.source_joints), clip)
        elif settings.source_poses:
            _pose_files(context)

    def run(self, context: ConditionContext, reporter: Reporter) -> None:
        """Read or estimate the joints, draw them, and say what was found."""
        settings, clip, out = context.settings, context.clip, context.out
        if context.actor is not None and context.actor.fill(context, self.name, reporter):
            return
        pictures: tuple[Path, ...] = ()
        if settings.source_joints or settings.source_poses:
            reporter.begin(self.name, clip.count)
            joints, state, quality, pictures = _given(context)
            found = {"others": np.full((clip.count, 0, 18, 2), np.nan, np.float32)}
        else:
            reporter.begin(self.name, 3 * clip.count)
            joints, state, found, quality = _estimated(context, reporter)
        size = np.array(clip.size)
        write_npz(out / SOURCE_JOINTS, source=joints, state=state, size=size, **found)
        from mf_backend.skeleton.draw import draw_skeleton

        steps_before = 0 if quality["estimator"] == "given" else 2 * clip.count
        for index in range(clip.count):
            path = out / "source_poses" / f"frame_{index}.png"
            if pictures and pictures[index].suffix.lower() == ".png":
                copy_whole(pictures[index], path)
            else:
                write_png(path, draw_skeleton(joints[index], clip.size))
            reporter.advance(steps_before + index + 1, "drawing skeletons")
        write_json(out / QUALITY, quality)


def _pose_files(context: ConditionContext) -> tuple[Path, ...]:
    """The user's skeleton pictures, one for each frame, of the clip's size."""
    what = "skeleton pictures"
    files = user_files.picture_files(Path(context.settings.source_poses), context.clip, what)
    user_files.check_size(files, context.clip.size, what)
    return files


def _given(
    context: ConditionContext,
) -> tuple[NDArray[np.float32], NDArray[np.uint8], dict[str, Any], tuple[Path, ...]]:
    settings, clip = context.settings, context.clip
    files: tuple[Path, ...] = ()
    if settings.source_joints:
        joints = user_files.read_joints_file(Path(settings.source_joints), clip)
    else:
        files = _pose_files(context)
        joints = user_files.read_pose_pictures(files)
    known = np.isfinite(joints).all(axis=-1)
    state = np.where(known, JointState.GIVEN, JointState.ABSENT).astype(np.uint8)
    empty = [int(i) for i in np.flatnonzero(~known.any(axis=1))]
    quality = {"estimator": "given", "frames": clip.count, "frames_without_person": empty}
    return joints, state, quality, files


def _estimated(
    context: ConditionContext, reporter: Reporter
) -> tuple[NDArray[np.float32], NDArray[np.uint8], dict[str, NDArray[np.float32]], dict[str, Any]]:
    clip = context.clip
    person = pointing.on_frames_used(context.settings, context.first, clip.count)
    try:
        estimate = best_estimator().estimate(clip, person, reporter, context.findings)
    except NobodyThereError as error:
        if not context.settings.clicks:
            raise
        # Clicks are told by frames of the whole clip, as they were given.
        raise NobodyThereError(error.spot, error.frame + context.first) from None
    absent = ~np.isfinite(estimate.joints[:, BODY]).any(axis=(1, 2))
    quality = {
        "estimator": estimate.estimator,
        "frames": clip.count,
        "people": estimate.people,
        "frames_without_person": list(estimate.lost),
        "frames_absent": [int(i) for i in np.flatnonzero(absent)],
        "black_frames": list(estimate.black),
        "unsure_joints": {str(frame): number for frame, number in estimate.unsure.items()},
        "hands": hand_states(estimate.state),
    }
    tell(quality, reporter)
    found = {"others": estimate.others, "people": estimate.everybody}
    if estimate.world is not None:
        found["world"] = estimate.world
    return estimate.joints, estimate.state, found, quality


def hand_states(state: NDArray[np.uint8]) -> dict[str, dict[str, int]]:
    """On how many frames each hand was found, carried or posed; `state` [frames, 60]."""
    return {
        side: {
            how.name.lower(): int((state[:, part.start] == how).sum())
            for how in (JointState.FOUND, JointState.CARRIED, JointState.POSED)
        }
        for side, part in (("left", LEFT_HAND), ("right", RIGHT_HAND))
    }


def tell(quality: Mapping[str, Any], reporter: Reporter) -> None:
    """Warn of what the figures of estimated joints say."""
    black = quality["black_frames"]
    lost = [i for i in quality["frames_without_person"] if i not in black]
    if black:
        reporter.warn(
            "black-frames",
            f"Frames that are black: {list_numbers(black)}; nobody can be seen there.",
        )
    if lost:
        reporter.warn(
            "person-lost",
            f"The person was not found on frames {list_numbers(lost)}; short gaps are filled, on "
            f"longer ones the actor is taken to be out of the picture.",
        )
