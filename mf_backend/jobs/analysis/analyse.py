"""Analysing what a store of an actor does not have yet.

What takes long is kept frame by frame as it is found. The rest looks at frames beside each other
and is made anew over all frames in a row whenever some are added, from what was kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mf_backend.actor.store.about import (
    ActorAbout,
    DamagedActorError,
    Part,
    read_about,
    write_about,
)
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.actor.store.siblings import same_clip
from mf_backend.clip import hash_clip, open_clip
from mf_backend.conditioning.base import ConditionContext, TargetMotion
from mf_backend.conditioning.joints_stage import JointsStage
from mf_backend.conditioning.masks_stage import MasksStage
from mf_backend.conditioning.stage_files import load_found
from mf_backend.contracts.disk.links import refuse_links
from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.progress import Reporter
from mf_backend.jobs.analysis.ahead import Ahead
from mf_backend.jobs.analysis.findings import DiskFindings
from mf_backend.jobs.analysis.publish import publish
from mf_backend.jobs.analysis.steps import Steps
from mf_backend.jobs.analysis.wish import Wish
from mf_backend.jobs.record.inputs import InputsChangedError, InputWatch

DAMAGED = "actor-damaged"
CHANGED = "actor-changed"
_NO_TARGET = TargetMotion(None, (0, 0))


@dataclass(frozen=True)
class Analysed:
    """What a store has for a wish."""

    part: Part
    made: int
    """Frames that were analysed just now; 0 where all were there."""


def read_actor(actor: ActorFolder, wish: Wish, reporter: Reporter) -> ActorAbout:
    """What the store says of the wished actor, an empty one where it is new or damaged.

    Raises InputError where another version, or somebody else's actor, is in the folder.
    """
    refuse_links(actor.path, "actor store")
    try:
        about = read_about(actor.about)
    except DamagedActorError as error:
        reporter.warn(
            DAMAGED,
            f"{actor.about} was damaged ({error}); what it said is found again.",
        )
        about = None
    if about is None:
        return ActorAbout(wish.id, {}, wish.person)
    if about.id != wish.id:
        raise InputError(
            "actor-other",
            f"{actor.path} holds another clip's or person's actor.",
            "Give the folder back its own name, or choose another folder for actors.",
        )
    return about


def ensure(actor: ActorFolder, wish: Wish, reporter: Reporter) -> Analysed:
    """Analyse what is missing or damaged of the wished frames. To be called while it is held.

    Raises InputError where nobody is found or the clip changes meanwhile.
    """
    about = read_actor(actor, wish, reporter)
    part = about.covering(wish.first, wish.last, wish.made_with)
    if part is not None:
        wrong = _wrong(actor, about, part, wish, reporter)
        if not wrong:
            return Analysed(part, 0)
        more = len(wrong) - 1
        others = f" and {more} more file{'s' if more > 1 else ''}" if more else ""
        reporter.warn(
            CHANGED,
            f"{wrong[0]}{others} of the actor changed or went missing since the analysis made "
            f"{'them' if more else 'it'}; that is done again.",
        )
    wider = _with_neighbours(about, wish)
    return Analysed(_make(actor, about, wider, reporter), wider.last + 1 - wider.first)


def _wrong(
    actor: ActorFolder, about: ActorAbout, part: Part, wish: Wish, reporter: Reporter
) -> list[str]:
    """Files for the wished frames that are not as they were made."""
    wanted = _names(part.files, wish.first, wish.last)
    marks = [(name, part.files[name]) for name in wanted]
    if about.joints is not None:
        marks.append((actor.joints.name, about.joints))
    wrong = []
    for name, mark in marks:
        reporter.check()
        if not mark.fits(actor.path / name):
            wrong.append(name)
    return wrong if about.joints is not None else [actor.joints.name]


def _names(files: Mapping[str, FileMark], first: int, last: int) -> list[str]:
    """Figures, and the pictures of frames `first` to `last`."""
    names = []
    for name in files:
        stem = Path(name).stem
        number = stem.removeprefix("frame_")
        if number == stem or first <= int(number) <= last:
            names.append(name)
    return names


def _with_neighbours(about: ActorAbout, wish: Wish) -> Wish:
    """The wish, with the frames that were clicked on, from which the actor is followed, and with
    frames next to it that were made the same way: a longer row is smoother."""
    clicked = [int(frame) for frame, _, _ in wish.settings.clicks]
    first, last = min([wish.first, *clicked]), max([wish.last, *clicked])
    meeting = [part for part in about.parts if part.meets(first, last)]
    same = [part for part in meeting if dict(part.settings) == wish.made_with]
    first = min([first, *(part.first for part in same)])
    last = max([last, *(part.last for part in same)])
    anchors = [part.anchor for part in meeting if first <= part.anchor[0] <= last]
    return wish.wider(first, last, anchors[0] if anchors else ())


def _make(actor: ActorFolder, about: ActorAbout, wish: Wish, reporter: Reporter) -> Part:
    watch = InputWatch()
    path = Path(wish.reference.path)
    watch.add(path, hash_clip, wish.sha256)
    count = wish.last + 1 - wish.first
    steps = Steps(reporter, count, watch)
    with Ahead(wish.used, wish.settings) as ahead, open_clip(wish.used) as clip:
        beside = [other.findings for other in same_clip(actor, wish.sha256)]
        findings = DiskFindings(actor.findings, wish.first, ahead, beside)
        context = ConditionContext(
            clip, wish.settings, _NO_TARGET, actor.work, findings, first=wish.first
        )
        try:
            actor.work.mkdir(exist_ok=True)
            JointsStage().run(context, steps.joints())
            ahead.wait(steps.mattes, steps)
            MasksStage().run(context, steps.masks())
            watch.check(whole=True)
        except InputsChangedError:
            findings.forget_made()
            raise
        facts = {
            "name": path.name,
            "sha256": wish.sha256,
            "width": clip.size[0],
            "height": clip.size[1],
            "count": clip.info.count,
            "fps": [clip.fps.numerator, clip.fps.denominator],
        }
    anchor = _anchor(actor.work, wish.first)
    fresh = ActorAbout(about.id, facts, about.person, about.parts, about.joints)
    about, part = publish(actor, fresh, wish, anchor)
    write_about(actor.about, about)
    return part


def _anchor(out: Path, first: int) -> tuple[float, ...]:
    """Where the actor is most clearly seen: frame of the clip, x0, y0, x1, y1."""
    joints = load_found(out)["source"][:, :18].astype(np.float64)
    known = np.isfinite(joints).all(axis=-1)
    with np.errstate(invalid="ignore"):
        low = np.min(np.where(known[..., None], joints, np.inf), axis=1)
        high = np.max(np.where(known[..., None], joints, -np.inf), axis=1)
    seen = known.sum(axis=1)
    tall = np.where(seen > 0, high[:, 1] - low[:, 1], -1)
    best = int(np.lexsort((tall, seen))[-1])
    return (float(first + best), *low[best].tolist(), *high[best].tolist())
