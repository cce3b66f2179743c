"""How fast a production rig is read and drawn."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from mf_backend.skeleton import raster
from mf_backend.skeleton.draw import draw_skeleton
from motionfollower_addon.core.rig.bone_maps import require
from motionfollower_addon.core.rig.mapping import Mapping
from motionfollower_addon.core.rig.retiming import RetimePlan
from motionfollower_addon.host.rig.bones import detect_armature
from motionfollower_addon.host.rig.motion_sampler import RigSampler

from .scenes import add_camera, generated_rig, look_at, wave

SIZE = (512, 512)


@pytest.mark.once("reading goes through the same steps; that it is right is tested in all")
@pytest.mark.slow
def test_sixty_frames_a_second_with_a_generated_rig(empty_file: Any) -> None:
    bpy = empty_file
    rig = generated_rig(bpy)
    bones = [
        *(f"{name}.{side}" for name in ("upper_arm_fk", "forearm_fk", "thigh_fk", "shin_fk")
          for side in "LR"),
        "torso", "head",
    ]  # fmt: skip
    wave(bpy, rig, bones, np.random.default_rng(0))
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 4.0, 0.3)
    mapping = require(detect_armature(rig))
    best = max(measured(bpy, rig, mapping, camera) for _ in range(3))
    print(
        f"\ngenerated Rigify rig: {best[0]:.0f} frames a second read and drawn, "
        f"drawing alone {best[1]:.0f}, longest step {best[2]:.1f} ms"
    )
    assert best[0] >= 60


def measured(bpy: Any, rig: Any, mapping: Mapping, camera: Any) -> tuple[float, float, float]:
    """(frames a second in all, of the drawing alone, longest step in milliseconds).

    Counted in processor time of all threads: never faster than the clock of an idle machine, and
    not slowed down by whatever else runs.
    """
    frames = tuple(np.linspace(1, 60, 100).round(3))
    drawing, longest = 0.0, 0.0
    raster.ellipse.cache_clear()
    raster.thick_line.cache_clear()
    start = time.process_time()
    with RigSampler(
        bpy.context.scene, rig, mapping, camera, RetimePlan(frames, ""), SIZE
    ) as sampler:
        done = False
        while not done:
            begun = time.process_time()
            done = sampler.step()
            longest = max(longest, time.process_time() - begun)
            begun = time.process_time()
            picture = draw_skeleton(sampler.joints[sampler.done - 1], SIZE)
            drawing += time.process_time() - begun
            assert picture.any()
    spent = time.process_time() - start
    return len(frames) / spent, len(frames) / drawing, 1000 * longest
