"""The shot that a scene's panel describes."""

from __future__ import annotations

from typing import Any

from mf_backend.contracts.request import Alignment, PlateFit, Quality, Settings, Shadow, Solver

from .. import ids
from ..core.job.shot import Shot
from ..core.rig.retiming import Policy
from .options import options


def motion_range(scene: Any) -> tuple[float, ...]:
    """The range that the panel's choice stands for; empty: the action's own."""
    settings = getattr(scene, ids.SCENE_PROPERTY)
    if settings.range_source == "SCENE":
        return (float(scene.frame_start), float(scene.frame_end))
    if settings.range_source == "CUSTOM":
        return (settings.range_start, settings.range_end)
    return ()


def to_shot(scene: Any) -> Shot:
    """The shot that a scene's panel describes."""
    values = getattr(scene, ids.SCENE_PROPERTY)
    preferred = options()
    from_file = values.source == "FILE"
    return Shot(
        name=values.title,
        clip=values.clip if from_file else "",
        strip="" if from_file else values.strip,
        fps=values.fps,
        first=values.first,
        count=values.count,
        armature=values.armature.name if values.armature else "",
        camera=values.camera.name if values.camera else "",
        action=values.action.name if values.action else "",
        slot=values.slot,
        bone_map="" if values.bone_map == "AUTO" else values.bone_map,
        range=motion_range(scene),
        retime=Policy(values.retime),
        outline=values.outline,
        mp4=values.mp4,
        settings=Settings(
            engine=values.engine,
            alignment=Alignment(values.alignment),
            keep_limb_lengths=values.keep_limb_lengths,
            quality=Quality(values.quality),
            memory=values.memory,
            compile=values.compile,
            seed=values.seed,
            steps=values.steps,
            cfg=values.cfg,
            guidance=values.guidance,
            moving_camera=values.moving_camera,
            solver=Solver(values.solver),
            start_strength=values.start_strength,
            tuned=values.tuned,
            device=preferred.device,
            weights=preferred.weights,
            widen_mask=values.widen_mask,
            shadow=Shadow(values.shadow),
            plate=values.plate,
            plate_fit=PlateFit(values.plate_fit),
            source_masks=values.source_masks,
            source_poses=values.source_poses,
            source_joints=values.source_joints,
        ),
    )
