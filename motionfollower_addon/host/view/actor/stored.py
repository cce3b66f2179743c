"""The actor of the scene's footage as its analysis left it: read from disk by a thread.

Looked for when the footage changes and when an analysis or a job's run moves on; panels and views
ask for it at every redraw.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.mends.correction_file import read_corrections
from mf_backend.actor.mends.joint_corrections import apply_corrections
from mf_backend.actor.mends.mask_file import read_layers
from mf_backend.actor.mends.mask_layers import MaskLayer
from mf_backend.actor.store.about import DamagedActorError, read_about
from mf_backend.actor.store.folder import FOLDER, ActorFolder, actor_folder, actor_id
from mf_backend.actor.store.reading import load_joints
from mf_backend.actor.store.siblings import actors_of
from mf_backend.clip.hashing import hash_clip
from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.pointing import Click, in_clip
from mf_backend.jobs.analysis.look import Look, things_to_look_at

from ....core.actor.material import ActorMaterial
from ....core.actor.people import SeenPeople
from ....core.backend.state import ClipFacts
from ....core.job.shot import Shot
from ... import background_read, compat
from ...draw_cache import once
from ...footage import source
from ...options import jobs_roots
from ...panel_shot import to_shot
from ...rig.lookup import scene_fps
from ...run.session import current
from . import matte_picture, places
from .seen import facts_of, read_people

_NAME = "stored actor"


@dataclass(frozen=True)
class StoredActor:
    """What was found of the actor on all frames that were analysed."""

    folder: ActorFolder
    clip: Path
    facts: ClipFacts
    frames: NDArray[np.int64]
    """[n] frames of the clip, counted from 0, ascending."""
    joints: NDArray[np.float32]
    """[n, 60, 2] pixels, NaN absent; with what a person corrected."""
    states: NDArray[np.uint8]
    """[n, 60] a JointState each."""
    world: NDArray[np.float32] | None
    """[n, 60, 3] metres as the estimator guessed them."""
    looks: tuple[Look, ...]
    """What deserves a look."""
    layers: tuple[MaskLayer, ...] = ()
    """Masks that a person drew or painted, in the order in which they count."""
    tuned: frozenset[str] = frozenset()
    """Engines that learnt the clip."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the clip in pixels."""
        return (self.facts.width, self.facts.height)

    def row(self, frame: int) -> int | None:
        """Row of a frame of the clip; None where it was not analysed."""
        place = int(np.searchsorted(self.frames, frame))
        there = place < len(self.frames) and self.frames[place] == frame
        return place if there else None


@dataclass(frozen=True)
class Found:
    """What there is of a scene's footage."""

    actor: StoredActor | None = None
    """The person who is followed; None where he was not analysed."""
    people: SeenPeople | None = None
    """Everybody who was seen, whoever was followed then; None where nothing was analysed."""


class _Kept:
    """The latest answer and for what it was given; hashes of clips by path, size and date."""

    key: Any = None
    """None where it may be out of date."""
    shown: Any = None
    """The part of the key that says whose answer it is, in date or not."""
    asked: Any = None
    found = Found()
    hashes: dict[tuple[str, int, int], str] = {}


def forget() -> None:
    """Look again when next asked, and show nothing until then."""
    look_again()
    _Kept.shown, _Kept.found = None, Found()


def look_again() -> None:
    """Look again when next asked; drawings show what was found last until that is read."""
    _Kept.key, _Kept.asked = None, None
    background_read.forget(_NAME)
    matte_picture.forget()


@once
def _shot(scene: Any) -> Shot:
    """The panel's shot, put together once for each drawing."""
    return to_shot(scene)


@once
def clip_of(scene: Any) -> Path | None:
    """The file or folder of the panel's footage; None where none is chosen. Asks no disk."""
    return source.clip_path(compat.sequencer_scene(bpy.context) or scene, _shot(scene))


def _key(scene: Any) -> Any:
    runs = tuple((str(flow.folder), flow.stage) for flow in current().flows)
    analyses = tuple((id(flow), flow.stage) for flow in current().analyses)
    return (clip_of(scene), clicks_of(scene), tuple(jobs_roots()), runs, analyses)


@once
def clicks_of(scene: Any) -> tuple[Click, ...]:
    """Who was chosen in the panel's footage."""
    return source.clicks_of(compat.sequencer_scene(bpy.context) or scene, _shot(scene))


def find(scene: Any) -> StoredActor | None:
    """The scene's actor, looked for now; None where he was not analysed."""
    return look(scene).actor


def analysed(scene: Any) -> StoredActor:
    """The scene's actor, looked for now. Raises InputError where he was not analysed."""
    actor = find(scene)
    if actor is None:
        raise InputError(
            "actor-unknown", "The actor was not analysed yet.", "Press Analyse Actor first."
        )
    return actor


def known(scene: Any) -> StoredActor | None:
    """The same for drawing, which must not wait for the disk: as last found, newer soon."""
    return glance(scene).actor


def look(scene: Any) -> Found:
    """What there is of the scene's footage, looked for now."""
    key = _key(scene)
    if _Kept.key != key:
        background_read.forget(_NAME)
        matte_picture.forget()
        _Kept.key, _Kept.shown, _Kept.asked = key, key[:2], None
        _Kept.found = _read(*key[:3])
    return _Kept.found


@once
def glance(scene: Any) -> Found:
    """The same for drawing, which must not wait for the disk: as last found, newer soon."""
    if bpy.app.background:
        return look(scene)
    key = _key(scene)
    if _Kept.key != key and (_Kept.asked != key or not background_read.waits(_NAME)):
        _Kept.asked = key

        def take(found: Found) -> None:
            matte_picture.forget()
            _Kept.key, _Kept.shown, _Kept.found = key, key[:2], found
            compat.redraw_panels()
            compat.redraw_views(*places.KINDS)

        background_read.read_in_background(_NAME, lambda: _read(*key[:3]), take)
    return _Kept.found if _Kept.shown == key[:2] else Found()


def _read(clip: Path | None, clicks: tuple[Click, ...], roots: tuple[Path, ...]) -> Found:
    """Runs in a thread."""
    if clip is None:
        return Found()
    try:
        sha256 = _hash(clip)
        everyone = [found for root in roots for found in actors_of(root / FOLDER, sha256)]
    except (MFError, OSError):
        # The next analysis says what is wrong with the clip.
        return Found()
    identity = actor_id(sha256, in_clip((), clicks, 0))
    actor = None
    for root in roots:
        folder = actor_folder(root / FOLDER, clip, identity)
        if actor is None and folder.about.is_file():
            try:
                actor = _load(folder, clip)
            except (MFError, DamagedActorError, OSError, ValueError, KeyError):
                # The next analysis says what is wrong, and makes it again.
                continue
    return Found(actor, read_people(everyone, clip))


def _hash(clip: Path) -> str:
    about = clip.stat()
    key = (str(clip), about.st_size, about.st_mtime_ns)
    if key not in _Kept.hashes:
        _Kept.hashes[key] = hash_clip(clip)
    return _Kept.hashes[key]


def _load(actor: ActorFolder, clip: Path) -> StoredActor | None:
    about = read_about(actor.about)
    if about is None or not about.parts:
        return None
    found = load_joints(actor)
    frames = found["frames"].astype(np.int64)
    joints, states = apply_corrections(
        found["source"], found["state"].astype(np.uint8), frames, read_corrections(actor.mends)
    )
    looks = [
        look
        for part in about.parts
        for look in things_to_look_at(actor, part, part.first, part.last)
    ]
    world = found.get("world")
    facts = facts_of(about, clip)
    layers = read_layers(actor.mends)
    tuned = frozenset(path.stem for path in actor.tuned.glob("*.safetensors"))
    return StoredActor(
        actor, clip, facts, frames, joints, states, world, tuple(looks), layers, tuned
    )


def span_of(scene: Any, actor: places.InClip) -> tuple[float, int, float]:
    """(scene frame, clip frame that is shown there, clip frames for each scene frame).

    Raises InputError where the footage does not fit.
    """
    sequencer = compat.sequencer_scene(bpy.context) or scene
    footage = source.resolve(sequencer, to_shot(scene))
    rate = scene_fps(sequencer)
    if not footage.strip:
        return float(scene.frame_start), 0, float(actor.facts.fps) / rate
    span = source.used_span(footage, actor.facts, Shot(), rate)
    return float(footage.start), span.first, span.rate


def scene_frame(scene: Any, actor: places.InClip, frame: int) -> float:
    """The scene frame that shows a frame of the clip."""
    start, first, rate = span_of(scene, actor)
    return start + (frame - first) / rate


def clip_frame(scene: Any, actor: places.InClip, at: float) -> int:
    """The frame of the clip that a scene frame shows, whether it was analysed or not."""
    start, first, rate = span_of(scene, actor)
    return int(np.floor((at - start) * rate + 1e-6)) + first


def material(scene: Any, actor: StoredActor) -> ActorMaterial:
    """The actor over the frames in a row that the footage shows, or else over the most."""
    _, shown, _ = span_of(scene, actor)
    breaks = np.flatnonzero(np.diff(actor.frames) != 1) + 1
    rows = np.split(np.arange(len(actor.frames)), breaks)
    chosen = max(rows, key=lambda row: (shown in actor.frames[row], len(row)))
    frames = actor.frames[chosen]
    return ActorMaterial(
        name=actor.clip.stem,
        clip=str(actor.clip),
        first=int(frames[0]),
        size=actor.size,
        fps=float(actor.facts.fps),
        joints=actor.joints[chosen].astype(np.float64),
        states=actor.states[chosen],
        world=None if actor.world is None else actor.world[chosen].astype(np.float64),
        frames=tuple(round(scene_frame(scene, actor, int(frame)), 6) for frame in frames),
        mends=actor.folder.mends,
    )
