"""Putting what an analysis made in its place, and saying so in actor.json's words."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from mf_backend.actor.store.about import ActorAbout, Part
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.actor.store.reading import load_joints
from mf_backend.conditioning.joints_stage import JointsStage
from mf_backend.conditioning.masks_stage import MasksStage
from mf_backend.conditioning.stage_files import SOURCE_JOINTS, load_found
from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.errors import InputError, OutputError
from mf_backend.contracts.files import output_error, write_json, write_npz
from mf_backend.jobs.analysis.share import Arrays, cut_frames, joined
from mf_backend.jobs.analysis.wish import Wish

_PICTURE = re.compile(r"source_([a-z_]+)/frame_(\d+)\.png")
_DRAWN = "poses"
"""Pictures that are drawn from the joints; whoever wants them draws them."""


def kept_name(name: str, first: int) -> str | None:
    """Where the store keeps a picture that conditioning calls `name`; None for what it does not.

    `first` is the frame of the clip that conditioning counts as 0.
    """
    match = _PICTURE.fullmatch(name)
    if match is None or match[1] == _DRAWN:
        return None
    return f"{match[1]}/frame_{first + int(match[2])}.png"


def publish(
    actor: ActorFolder, about: ActorAbout, wish: Wish, anchor: tuple[float, ...]
) -> tuple[ActorAbout, Part]:
    """Move what lies in the work folder into its place: (what actor.json says now, the new part).

    Until actor.json is written, what was there before counts as changed, and is made again.
    """
    count = wish.last + 1 - wish.first
    masks = MasksStage()
    pictures = (*masks.outputs(count), *masks.pictures(count))
    left = tuple(dict.fromkeys((*JointsStage().outputs(count), *pictures)))
    files: dict[str, FileMark] = {}
    figures = {}
    for name in left:
        source = actor.work / name
        kept = kept_name(name, wish.first)
        if kept is not None:
            mark = FileMark.of(source)
            if mark is None:
                raise OutputError(
                    "actor-incomplete", f"{source} went missing while the actor was analysed."
                )
            _move(source, actor.path / kept)
            files[kept] = mark
        elif source.suffix == ".json":
            figures[source.stem] = json.loads(source.read_bytes())
    quality = actor.quality / f"{wish.first:06d}-{wish.last:06d}.json"
    write_json(quality, figures)
    mark = FileMark.of(quality)
    assert mark is not None, "written just now"
    files[f"{actor.quality.name}/{quality.name}"] = mark
    part = Part(wish.first, wish.last, wish.made_with, anchor, files)
    others = tuple(p for p in about.parts if p.last < part.first or part.last < p.first)
    former = _former(actor, about) if others else None
    # Without their joints other parts are nothing; they are made again from what was found.
    before = replace(about, parts=others if former is not None else ())
    write_npz(actor.joints, **joined(_rows(actor, part, before, former or {})))
    joints = FileMark.of(actor.joints)
    assert joints is not None, "written just now"
    told = before.with_part(part, joints)
    _drop(actor, about, told)
    _clear(actor.work, left)
    return told, part


def _former(actor: ActorFolder, about: ActorAbout) -> Arrays | None:
    """The joints of all parts so far; None where they are not what was written."""
    if about.joints is None or not about.joints.fits(actor.joints):
        return None
    try:
        return load_joints(actor)
    except InputError:
        return None


def _rows(actor: ActorFolder, part: Part, kept: ActorAbout, former: Arrays) -> list[Arrays]:
    """The new part's joints and those of others, in the order of their frames."""
    new = load_found(actor.work)
    new["frames"] = np.arange(part.first, part.last + 1)
    rows: list[Arrays] = [new]
    for other in kept.parts:
        frames = former["frames"]
        inside = (frames >= other.first) & (frames <= other.last)
        rows.append(cut_frames(former, np.flatnonzero(inside)))
    return sorted(rows, key=lambda arrays: int(arrays["frames"][0]))


def _drop(actor: ActorFolder, before: ActorAbout, now: ActorAbout) -> None:
    """Delete pictures and figures of former parts that no part has any more."""
    needed = {name for part in now.parts for name in part.files}
    for part in before.parts:
        for name in set(part.files) - needed:
            (actor.path / name).unlink(missing_ok=True)


def _move(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        source.replace(target)
    except OSError as error:
        raise output_error(target, error) from error


def _clear(work: Path, names: tuple[str, ...]) -> None:
    """Delete what is left in the work folder of what we made there."""
    for name in (*names, SOURCE_JOINTS):
        (work / name).unlink(missing_ok=True)
