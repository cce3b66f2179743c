"""Sending takes to a farm from the window: the session reads the motions, a timer looks on."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import MFError

from ....core.farm.pace import in_words, seconds_a_frame
from ....core.job.shot import Shot
from ... import compat
from ...footage.source import chosen_strip
from ...options import jobs_roots
from ...panel_shot import to_shot
from ...rig.lookup import find_armature
from .. import memory_need
from ..batch import Outcome, outcome_of, refused, shot_name
from ..flow import RenderFlow
from ..motion_remarks import suits
from ..session import current
from .prepare import job_order, noted, prepared_before
from .submit import Programs, Sending

_EVERY_SECONDS = 0.2


class _Holder:
    """The batch that is being written, and what was said of the latest one."""

    sending: Sending | None = None
    shares: list[RenderFlow | Outcome] = []
    words = ""


def shots_at_hand(scene: Any, every_action: bool) -> list[Shot]:
    """The panel's shot, or one for each action of the file that suits its rig.

    Raises InputError where there is no rig.
    """
    shot = to_shot(scene)
    if not every_action:
        return [shot]
    armature = find_armature(scene, shot.armature)
    names = [action.name for action in bpy.data.actions if suits(armature, action)]
    return [
        dataclasses.replace(
            shot, action=name, slot="", range=(), mp4="", name=f"{name} {shot.name}".strip()
        )
        for name in names
    ] or [shot]


def estimate(context: Any, values: Any, every_action: bool) -> list[str]:
    """Number of takes, memory and expected time, a line each, before anything is read."""
    scene = context.scene
    shots = shots_at_hand(scene, every_action)
    strip = chosen_strip(compat.sequencer_scene(context), values.strip)
    frames = values.count or (compat.length(strip) if strip is not None else 0)
    pace = seconds_a_frame(jobs_roots(), shots[0].settings)
    known = pace is not None and frames
    seconds = pace * frames * len(shots) if known and pace is not None else None
    takes = f"{len(shots)} takes" if len(shots) > 1 else "1 take"
    memory = memory_need.words(context, values) or "Memory: not known before the backend runs."
    return [
        f"{takes}: {', '.join(shot_name(shot) for shot in shots)}",
        memory,
        f"Time on one host: {in_words(seconds)}.",
    ]


def begin(folder: Path, shots: list[Shot]) -> None:
    """Start sending; the window stays free. Raises what Sending raises."""
    if _Holder.sending is not None:
        raise MFError("sending", "Takes are being sent already.", "Wait until that is done.")
    sending = Sending(folder, shots, Programs())
    shares: list[RenderFlow | Outcome] = []
    for number, shot in enumerate(sending.shots, 1):
        order = job_order(shot, sending.job(number), sending.file)
        known = prepared_before(shot, order)
        if known is not None:
            shares.append(known)
            continue
        try:
            flow = current().make_flow(shot, order=order)
        except MFError as error:
            shares.append(noted(refused(shot_name(shot), error), sending.job(number)))
            continue
        current().add(flow)
        shares.append(flow)
    _Holder.sending, _Holder.shares = sending, shares
    _Holder.words = f"Writing {len(shares)} jobs for the farm."
    if not bpy.app.timers.is_registered(look):
        bpy.app.timers.register(look, first_interval=_EVERY_SECONDS)


def words() -> str:
    """What the panel says of the latest batch; empty before the first."""
    return _Holder.words


def stop() -> None:
    """Look no longer; called when the add-on goes away."""
    _Holder.sending, _Holder.shares, _Holder.words = None, [], ""
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)


def look() -> float | None:
    """Finish once every motion was read and written; seconds until the next look, or None."""
    sending = _Holder.sending
    if sending is None:
        return None
    if any(isinstance(share, RenderFlow) and not share.stage.ended for share in _Holder.shares):
        return _EVERY_SECONDS
    outcomes = []
    for number, share in enumerate(_Holder.shares, 1):
        if isinstance(share, RenderFlow):
            shot = sending.shots[number - 1]
            share = noted(outcome_of(share, shot_name(shot)), sending.job(number))
        outcomes.append(share)
    _Holder.sending, _Holder.shares = None, []
    try:
        _Holder.words = sending.finish(outcomes).words
    except MFError as error:
        _Holder.words = str(error)
    compat.redraw_panels()
    return None
