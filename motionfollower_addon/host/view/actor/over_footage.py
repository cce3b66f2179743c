"""What was found of the actor, drawn over the footage wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ....core.actor.people import nearest
from ....core.view.people_lines import people_outlines
from ....core.view.skeleton_lines import Rectangle, onto
from ....core.view.state_colours import state_strokes
from ... import compat
from ..draw import draw, draw_outlines
from . import matte_picture, mended_matte, places, stored


class _Holder:
    """Whether somebody is about to click on the person to follow."""

    choosing = False


def choosing() -> bool:
    """Whether everybody is outlined because one of them is to be clicked on."""
    return _Holder.choosing


def choose(on: bool) -> None:
    """Outline everybody for a click, or no longer."""
    _Holder.choosing = on
    compat.redraw_views(*places.KINDS)


def draw_actor(context: Any, settings: Any) -> bool:
    """Draw into the region at hand what is switched on; whether anything was drawn."""
    if not (settings.actor_shown or choosing()):
        return False
    scene = context.scene
    found, clip = stored.glance(scene), stored.clip_of(scene)
    about = found.actor or found.people
    if about is None or clip is None:
        return False
    shown = places.footage_in(context.area, context.region, about, clip, context)
    if shown is None:
        return False
    frame = shown.frame
    if frame is None:
        frame = stored.clip_frame(scene, about, time_of(context, context.area))
    # While one is to be clicked on, nothing but the people is drawn.
    layers = {"PEOPLE"} if choosing() else settings.actor_layers
    drew = [_LAYERS[name](found, frame, shown.place) for name in _LAYERS if name in layers]
    return any(drew)


def time_of(context: Any, area: Any) -> float:
    """The frame of the scene whose time an area shows."""
    if area.type == "SEQUENCE_EDITOR":
        sequencer = compat.sequencer_scene(context) or context.scene
        return float(sequencer.frame_current_final)
    return float(context.scene.frame_current_final)


def _draw_matte(found: stored.Found, frame: int, place: Rectangle) -> bool:
    """What the actor's matte covers."""
    actor = found.actor
    if actor is None or actor.row(frame) is None:
        return False
    return matte_picture.draw_matte(mended_matte.matte_of(actor.folder, actor.layers, frame), place)


def _draw_skeleton(found: stored.Found, frame: int, place: Rectangle) -> bool:
    """The actor as the analysis found him on this frame."""
    actor = found.actor
    row = actor.row(frame) if actor is not None else None
    if actor is None or row is None:
        return False
    points = onto(actor.joints[row], actor.size, place)
    draw(state_strokes(points, actor.states[row], place.size[0] / actor.size[0]))
    return True


def _draw_people(found: stored.Found, frame: int, place: Rectangle) -> bool:
    """Everybody on this frame, in boxes with numbers."""
    people = found.people.on(frame) if found.people is not None else None
    if found.people is None or not people:
        return False
    row = found.actor.row(frame) if found.actor is not None else None
    actor = found.actor
    followed = nearest(people, actor.joints[row, :18]) if actor and row is not None else None
    draw_outlines(people_outlines(people, followed, found.people.size, place))
    return True


_LAYERS: dict[str, Callable[[stored.Found, int, Rectangle], bool]] = {
    "MATTE": _draw_matte,
    "SKELETON": _draw_skeleton,
    "PEOPLE": _draw_people,
}
"""What can be shown of an actor, from below."""
