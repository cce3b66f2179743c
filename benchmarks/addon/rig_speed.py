"""A generated Rigify rig read and drawn at 512x512, and the drawing alone, in the bpy wheel."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

SIZE = (512, 512)
FRAMES = 200
BONES = (
    *(f"{name}.{side}" for name in ("upper_arm_fk", "forearm_fk", "thigh_fk", "shin_fk")
      for side in "LR"),
    "torso", "head",
)  # fmt: skip
"""What moves in the test motion."""


@dataclass(frozen=True)
class RigSpeed:
    """Frames a second by the wall clock and in processor time; the longest step in milliseconds."""

    both_wall: float
    both_cpu: float
    drawing_wall: float
    drawing_cpu: float
    longest_step: float


def prepare() -> Any:
    """A scene with a moving generated rig before a camera; gives (bpy, rig, mapping, camera)."""
    os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="mf-bench-"))
    import bpy

    from motionfollower_addon.core.rig.bone_maps import require
    from motionfollower_addon.host.rig.bones import detect_armature
    from tests.addon.rig.scenes import add_camera, generated_rig, look_at, wave

    bpy.ops.wm.read_factory_settings(use_empty=True)
    rig = generated_rig(bpy)
    wave(bpy, rig, list(BONES), np.random.default_rng(0))
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 4.0, 0.3)
    return bpy, rig, require(detect_armature(rig), "The rig"), camera


def measure(bpy: Any, rig: Any, mapping: Any, camera: Any) -> RigSpeed:
    """Read and draw `FRAMES` frames with the drawing's kept shapes forgotten first."""
    from mf_backend.skeleton import raster
    from mf_backend.skeleton.draw import draw_skeleton
    from motionfollower_addon.core.rig.retiming import RetimePlan
    from motionfollower_addon.host.rig.motion_sampler import RigSampler

    frames = tuple(np.linspace(1, 60, FRAMES).round(3))
    raster.ellipse.cache_clear()
    raster.thick_line.cache_clear()
    drawing_wall = drawing_cpu = longest = 0.0
    wall, cpu = time.perf_counter(), time.process_time()
    plan = RetimePlan(frames, "")
    with RigSampler(bpy.context.scene, rig, mapping, camera, plan, SIZE) as sampler:
        done = False
        while not done:
            begun = time.perf_counter()
            done = sampler.step()
            read, read_cpu = time.perf_counter(), time.process_time()
            longest = max(longest, read - begun)
            draw_skeleton(sampler.joints[sampler.done - 1], SIZE)
            drawing_wall += time.perf_counter() - read
            drawing_cpu += time.process_time() - read_cpu
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return RigSpeed(
        FRAMES / wall, FRAMES / cpu, FRAMES / drawing_wall, FRAMES / drawing_cpu, 1000 * longest
    )


def best_of(times: int) -> RigSpeed:
    """The fastest of some runs: what the machine does when it is left alone."""
    scene = prepare()
    return max((measure(*scene) for _ in range(times)), key=lambda speed: speed.both_wall)
