"""At which scene frames the rig is sampled so that its motion falls on the clip's frame times."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from mf_backend.contracts.errors import InputError


class Policy(StrEnum):
    """What happens where the action and the clip differ in length."""

    TRIM = "trim"
    HOLD = "hold"
    LOOP = "loop"
    STRETCH = "stretch"
    ERROR = "error"


@dataclass(frozen=True)
class RetimePlan:
    """The scene's frame (with fraction) for each clip frame that is used, and what was decided."""

    sample_frames: tuple[float, ...]
    statement: str
    """One sentence for the person; empty where nothing had to be decided."""

    @property
    def count(self) -> int:
        """Clip frames used, from the first."""
        return len(self.sample_frames)


def _frames(count: int) -> str:
    return f"{count} frame" if count == 1 else f"{count} frames"


def plan(
    action_range: tuple[float, float],
    scene_fps: float | Fraction,
    clip_count: int,
    clip_fps: float | Fraction,
    policy: Policy | str = Policy.TRIM,
) -> RetimePlan:
    """Sample the action at the clip's frame times.

    `action_range` is the first and last scene frame of the motion, both played; `clip_count` frames
    of the clip at `clip_fps` are asked for. Clip frame i lies at scene frame
    first + i * scene_fps / clip_fps. Raises InputError for an empty clip or range, a frame rate
    that is not positive, and for lengths that differ under `Policy.ERROR`.
    """
    first, last = Fraction(action_range[0]), Fraction(action_range[1])
    scene_rate, clip_rate = Fraction(scene_fps), Fraction(clip_fps)
    policy = Policy(policy)
    if clip_count < 1:
        raise InputError("clip-empty", "The clip has no frames in the chosen range.")
    if scene_rate <= 0 or clip_rate <= 0:
        raise InputError("frame-rate", "The frame rates of scene and clip must be above zero.")
    if last < first:
        raise InputError(
            "action-empty",
            f"The motion's range ends (frame {float(last):g}) before it starts "
            f"(frame {float(first):g}).",
            "Set its end after its start.",
        )
    step = scene_rate / clip_rate
    # A hair of slack, so that rates kept as floats do not lose the last frame.
    covered = int((last - first) / step + Fraction(1, 10000)) + 1
    if policy is Policy.STRETCH:
        return _stretch(first, last, covered, clip_count)
    frames = [first + i * step for i in range(min(clip_count, covered))]
    lengths = f"The motion covers {_frames(covered)} of the clip's {clip_count}"
    statement = ""
    if covered > clip_count:
        used = f"scene frames {float(first):g} to {float(frames[-1]):g}"
        statement = (
            f"The motion is longer than the clip: only its first {clip_count} of "
            f"{_frames(covered)} ({used}) are used."
        )
    if covered != clip_count and policy is Policy.ERROR:
        raise InputError(
            "length-mismatch",
            f"{lengths}, and If Lengths Differ is set to refuse that.",
            "Choose trim, hold, loop or stretch, or change the range of one of them.",
        )
    if covered < clip_count:
        rest = clip_count - covered
        if policy is Policy.HOLD:
            frames += [last] * rest
            statement = f"{lengths}: its last pose is held for the remaining {_frames(rest)}."
        elif policy is Policy.LOOP:
            if last > first:
                frames = [first + (i * step) % (last - first) for i in range(clip_count)]
            else:
                frames = [first] * clip_count
            statement = f"{lengths}: it is repeated to fill the rest."
        else:
            statement = f"{lengths}: the clip's last {_frames(rest)} are trimmed."
    return RetimePlan(tuple(round(float(frame), 6) for frame in frames), statement)


def _stretch(first: Fraction, last: Fraction, covered: int, clip_count: int) -> RetimePlan:
    gaps = max(clip_count - 1, 1)
    frames = tuple(round(float(first + (last - first) * i / gaps), 6) for i in range(clip_count))
    if covered == clip_count:
        return RetimePlan(frames, "")
    word = "slower" if covered < clip_count else "faster"
    return RetimePlan(
        frames,
        f"The motion covers {_frames(covered)} of the clip's {clip_count}: it is played {word} to "
        "cover the clip exactly.",
    )
