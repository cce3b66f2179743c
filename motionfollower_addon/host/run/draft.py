"""Reads a rig's motion, one sample a step, and says what a job folder is made from."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy

from mf_backend.actor.store.folder import FOLDER
from mf_backend.contracts.request import Output, Reference, Settings
from mf_backend.version import VERSION

from ...core.backend.state import ClipFacts
from ...core.disk.read_in_thread import Reading
from ...core.job.order import Goal
from ...core.job.provenance import Origin
from ...core.job.shot import Shot, following
from ...core.job.writer import JobDraft
from ...core.rig.retiming import RetimePlan, plan
from ..footage.source import Footage, Span, find_strip, resolve, used_span
from ..options import jobs_roots
from ..paths import real_path
from ..rig.bone_map import ready_mapping
from ..rig.lookup import Motion, find_motion, find_scene, scene_fps
from ..rig.motion_sampler import RigSampler
from ..take import home_scene
from . import motion_remarks


class Drafting:
    """One motion being read. Call `step` until it is true, then `finish`; `close` in any case."""

    def __init__(
        self,
        shot: Shot,
        origin: Origin,
        facts: ClipFacts,
        footage: Footage,
        span: Span,
        retimed: RetimePlan,
        sampler: Any,
        warnings: list[tuple[str, str]],
    ) -> None:
        self.origin = origin
        self.warnings = warnings
        self.done = 0
        self.total = len(retimed.sample_frames)
        self.finished = False
        """Whether all is read, and drawn: outlines lag behind."""
        self._shot = shot
        self._facts = facts
        self._footage = footage
        self._span = span
        self._sampler = sampler

    def step(self) -> bool:
        """Read one sample, or wait a moment for outlines; whether all is read."""
        self.finished = bool(self._sampler.step())
        self.done = self._sampler.done
        return self.finished

    def close(self) -> None:
        """Put the scene back as it was."""
        self._sampler.close()

    def finish(self) -> JobDraft:
        """Put the scene back and give everything a job folder is made from."""
        joints, outlines = self._sampler.joints.copy(), self._sampler.outlines
        self.warnings += [("rig", text) for text in self._sampler.warnings]
        self._sampler.close()
        facts, shot = self._facts, self._shot
        return JobDraft(
            root=real_path(shot.output) if shot.output else jobs_roots()[0],
            name=self.origin.title,
            reference=Reference(
                path=str(self._footage.path),
                kind=facts.kind,
                first=self._span.first,
                count=len(joints),
                fps=self._footage.fps,
            ),
            settings=_absolute(following(shot.settings, self._footage.clicks)),
            joints=joints,
            positions=self._sampler.positions.copy(),
            size=(facts.width, facts.height),
            outlines=outlines,
            output=Output(mp4=str(real_path(shot.mp4)) if shot.mp4 else ""),
            about=self.origin.to_dict(),
            analysed=tuple(root / FOLDER for root in jobs_roots()),
        )


def _absolute(settings: Settings) -> Settings:
    """The settings with Blender's "//" resolved in every path."""
    import dataclasses

    names = (
        *("weights", "source_poses", "source_joints", "source_masks", "target_masks", "plate"),
        "adapter",
    )
    given = {name: getattr(settings, name) for name in names}
    return dataclasses.replace(
        settings, **{name: str(real_path(text)) for name, text in given.items() if text}
    )


def begin_drafting(
    shot: Shot,
    rig_scene: str,
    sequencer_scene: Any,
    facts: ClipFacts,
    goal: Goal = Goal.TAKE,
) -> Generator[None, None, Drafting]:
    """Start reading the motion of a shot for a clip, in pieces of some milliseconds each.

    Returns the Drafting at its end. Raises InputError for what does not fit.
    """
    motion = find_motion(shot, find_scene(rig_scene, bpy.context.scene))
    scene_rate = scene_fps(motion.scene)
    footage = resolve(sequencer_scene, shot)
    sequencer_rate = scene_fps(sequencer_scene)
    # A folder of many images takes a while to list.
    reading = Reading(lambda: used_span(footage, facts, shot, sequencer_rate))
    yield
    while not reading.finished:
        yield
    span = reading.take()
    retimed = plan(motion.range, scene_rate, span.count, facts.fps, shot.retime)
    yield
    mapping = ready_mapping(motion.armature, shot.bone_map)
    yield
    sampler = RigSampler(
        motion.scene,
        motion.armature,
        mapping,
        motion.camera,
        retimed,
        (facts.width, facts.height),
        action=motion.action,
        slot=motion.slot,
        # Masks of one's own come first.
        outline=shot.outline and goal is not Goal.SKELETONS and not shot.settings.target_masks,
    )
    warnings = _warnings(motion, footage, facts, scene_rate)
    origin = _origin(shot, sequencer_scene, footage, facts, span, motion, retimed, mapping)
    return Drafting(shot, origin, facts, footage, span, retimed, sampler, warnings)


def _warnings(
    motion: Motion, footage: Footage, facts: ClipFacts, scene_rate: float
) -> list[tuple[str, str]]:
    found = []
    data = motion.armature.animation_data
    action = motion.action or (data.action if data is not None else None)
    said = motion_remarks.remark(motion.armature, action, motion.slot)
    if said:
        found.append(("motion", said))
    if facts.missing_numbers:
        found.append(
            (
                "numbers-missing",
                f"{len(facts.missing_numbers)} numbers are missing in the clip's images; "
                "the frames were taken as one after the other.",
            )
        )
    if facts.variable_rate:
        found.append(
            (
                "variable-rate",
                "The clip's frame rate varies; its frames were taken as evenly spaced.",
            )
        )
    if not footage.strip and abs(float(facts.fps) - scene_rate) > 1e-3 and facts.has_audio:
        found.append(
            (
                "rate-differs",
                f"The clip has {float(facts.fps):g} frames a second, the scene {scene_rate:g}: "
                "in the Sequencer its sound runs apart from its picture.",
            )
        )
    return found


def take_title(shot: Shot, footage: Footage, motion: Motion) -> str:
    """What a take is called where the shot has no name: after its footage and its action."""
    if shot.name:
        return shot.name
    data = motion.armature.animation_data
    action = motion.action or (data.action if data is not None else None)
    return f"{Path(footage.path).stem} {action.name if action else motion.armature.name}"


def _origin(
    shot: Shot,
    scene: Any,
    footage: Footage,
    facts: ClipFacts,
    span: Span,
    motion: Motion,
    retimed: RetimePlan,
    mapping: Any,
) -> Origin:
    strip = find_strip(scene, footage.strip) if footage.strip else None
    data = motion.armature.animation_data
    action = motion.action or (data.action if data is not None else None)
    return Origin(
        blend=bpy.data.filepath,
        scene=scene.name,
        scene_id=home_scene.mark(scene),
        strip=footage.strip,
        start=footage.start + round(shot.first / span.rate) if strip else scene.frame_start,
        channel=strip.channel if strip else 0,
        rate=span.rate,
        has_audio=facts.has_audio,
        scene_fps=scene_fps(scene),
        rig_scene=motion.scene.name,
        armature=motion.armature.name,
        camera=motion.camera.name,
        action=action.name if action else "",
        slot=motion.slot,
        bone_map=str(mapping.label),
        range=motion.range,
        retime=str(shot.retime),
        statement=retimed.statement,
        title=take_title(shot, footage, motion),
        blender=bpy.app.version_string,
        addon=VERSION,
    )
