"""Who of the people in the footage is followed: found under a click, kept with the footage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError

from ....core.actor.people import Person, SeenPeople, person_at
from ... import compat
from ...footage import source
from ...panel_shot import to_shot
from . import over_footage, places, stored


@dataclass(frozen=True)
class Pick:
    """Who is meant on a frame of the clip: at a point in its pixels, or by number."""

    frame: int
    point: tuple[float, float] | None = None
    number: int = 0


def ready(context: Any) -> None:
    """Raise InputError where there is nobody to click on, or no view that shows the footage."""
    people, clip = stored.look(context.scene).people, stored.clip_of(context.scene)
    if people is None or clip is None:
        raise _nobody_known()
    if not places.anywhere(people, clip):
        raise InputError(
            "footage-not-shown",
            "No view shows the footage, so there is nobody to click on.",
            "Look through the scene's camera (Numpad 0), or show the clip in an Image Editor or "
            "the Sequencer's preview.",
        )


def spot(
    context: Any, hit: tuple[Any, Any] | None, x: int, y: int
) -> tuple[int, tuple[float, float]] | None:
    """(frame of the clip, point in its pixels) at a place of the window; None where the region
    `hit` (area, region) does not show the footage there."""
    people, clip = stored.look(context.scene).people, stored.clip_of(context.scene)
    if hit is None or people is None or clip is None:
        return None
    area, region = hit
    shown = places.footage_in(area, region, people, clip, context)
    if shown is None:
        return None
    (wide, high), (width, height) = shown.place.size, people.size
    across = (x - region.x - shown.place.left) / wide
    down = (shown.place.top - (y - region.y)) / high
    if not (0 <= across <= 1 and 0 <= down <= 1):
        return None
    frame = shown.frame
    if frame is None:
        time = over_footage.time_of(context, area)
        frame = stored.clip_frame(context.scene, people, time)
    return frame, (across * width - 0.5, down * height - 0.5)


def frame_shown(context: Any) -> int:
    """The frame of the clip at the scene's time. Raises InputError where nothing was analysed."""
    people = stored.look(context.scene).people
    if people is None:
        raise _nobody_known()
    return stored.clip_frame(context.scene, people, float(context.scene.frame_current_final))


def choose(scene: Any, pick: Pick, keep: bool = True) -> str:
    """Keep who is followed from now on, beside what was chosen on other frames where `keep` is
    true; returns what to say. Raises InputError where nobody is there.

    A point is taken as it is where nobody looked yet; the analysis then says who is there.
    """
    people = stored.look(scene).people
    if people is None and pick.point is not None:
        point, who = pick.point, "the person"
    else:
        person = _picked(people, pick)
        point, who = person.middle, f"person {person.number}"
    sequencer = compat.sequencer_scene(bpy.context) or scene
    shot = to_shot(scene)
    before = source.clicks_of(sequencer, shot) if keep else ()
    others = [click for click in before if click[0] != pick.frame]
    x, y = (round(value, 1) for value in point)
    source.choose_person(sequencer, shot, sorted([*others, (float(pick.frame), x, y)]))
    _changed()
    return f"From now on {who} of frame {pick.frame + 1} is the actor."


def forget(scene: Any, frame: int | None) -> None:
    """Take away what was chosen on a frame of the clip, or on all. Raises InputError where no
    footage is chosen."""
    sequencer = compat.sequencer_scene(bpy.context) or scene
    shot = to_shot(scene)
    kept = [click for click in source.clicks_of(sequencer, shot) if frame not in (None, click[0])]
    source.choose_person(sequencer, shot, kept)
    _changed()


def _picked(people: SeenPeople | None, pick: Pick) -> Person:
    """Who is meant. Raises InputError where nobody is."""
    if people is None:
        raise _nobody_known()
    there = people.on(pick.frame)
    if there is None:
        raise InputError(
            "frame-unknown",
            f"Frame {pick.frame + 1} of the clip was not analysed, so nobody is known there.",
            "Choose on a frame that was, or analyse more of the clip.",
        )
    if pick.point is not None:
        x, y = pick.point
        person = person_at(there, x, y)
        where = f"at ({x:.0f}, {y:.0f})"
    else:
        person = next((item for item in there if item.number == pick.number), None)
        where = f"with number {pick.number}"
    if person is None:
        found = f"{len(there)} {'person was' if len(there) == 1 else 'people were'} found"
        raise InputError(
            "person-not-there",
            f"Nobody was found {where} on frame {pick.frame + 1}; {found} there.",
            "Click inside an outline, or on another frame.",
        )
    return person


def _nobody_known() -> InputError:
    return InputError(
        "people-unknown",
        "Nobody looked yet who is in this footage.",
        "Press Analyse Actor first; then everybody who was found can be chosen.",
    )


def _changed() -> None:
    compat.redraw_panels()
    compat.redraw_views(*places.KINDS)
