"""Whether who is pointed at is in the clip, and on which of the frames at hand."""

from __future__ import annotations

from collections.abc import Sequence

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.request import Settings


def check_pointing(settings: Settings, clip: FrameSource, whole: int | None = None) -> None:
    """Refuse a person or clicks outside the clip's frames or pictures, and both at once.

    `whole` is how many frames the whole clip has, where that is known. Raises InputError.
    """
    person, clicks = settings.person, settings.clicks
    if person and clicks:
        raise InputError(
            "person-twice",
            "The person to follow is given both by `person` and by `clicks`.",
            "Leave one of them out.",
        )
    if person and not 0 <= person[0] < clip.count:
        raise InputError(
            "person-invalid",
            f"The person to follow is pointed at on frame {person[0]:g}, but the frames used are 0 "
            f"to {clip.count - 1}.",
            "Point at the person on a frame that is used.",
        )
    if person:
        corner = person[1:3] if len(person) == 3 else person[3:5]
        _check_place((person[1] + corner[0]) / 2, (person[2] + corner[1]) / 2, clip)
    for frame, x, y in clicks:
        if whole is not None and frame >= whole:
            raise InputError(
                "person-invalid",
                f"The person to follow is pointed at on frame {frame:g}, but the clip has frames 0 "
                f"to {whole - 1}.",
                "Point at the person on a frame of the clip.",
            )
        _check_place(x, y, clip)


def on_frames_used(settings: Settings, first: int, count: int) -> tuple[float, ...]:
    """Who is pointed at as a joint estimator takes it, by the `count` frames used from `first` of
    the clip on: what was clicked on other frames is left out. Raises InputError where nothing is
    left.
    """
    if not settings.clicks:
        return settings.person
    last = first + count - 1
    inside = [click for click in settings.clicks if first <= click[0] <= last]
    if not inside:
        raise InputError(
            "person-elsewhere",
            f"The person to follow is pointed at on frame {_listed(settings.clicks)} of the clip, "
            f"but only frames {first} to {last} are used.",
            "Analyse the actor first (`analyse`), or point at the person on a frame that is used.",
        )
    return tuple(number for frame, x, y in inside for number in (frame - first, x, y))


def _listed(clicks: Sequence[tuple[float, float, float]]) -> str:
    return ", ".join(f"{frame:g}" for frame, _, _ in clicks)


def _check_place(x: float, y: float, clip: FrameSource) -> None:
    width, height = clip.size
    if not (0 <= x <= width and 0 <= y <= height):
        raise InputError(
            "person-invalid",
            f"The person to follow is pointed at outside the picture: at {x:g}, {y:g} of "
            f"{width}x{height} pixels.",
            "Point at the person in the picture.",
        )
