"""What the add-on reads of a rig that does what the truth shows: the job's side of a shot."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from film.motion.pose import Poser
from film.people.build import Build, shape
from film.people.rig import make_armature
from film.places.cameras import Shooting, add
from film.shooting.shot import Shot
from film.shooting.stage import Stage, key, place_at
from mf_backend.contracts.files import write_npz
from motionfollower_addon.core.rig.retiming import plan
from motionfollower_addon.host.rig.bone_map import mapping_for
from motionfollower_addon.host.rig.motion_sampler import RigSampler

_OTHER_RIG = "game_engine"


def matched(stage: Stage, shot: Shot, file: Path) -> None:
    """Write the joints that the add-on reads of the actor's own rig through the shot's camera."""
    stage.take("truth")
    _write(stage, shot, stage.actor.armature, stage.camera, file)


def fit(stage: Stage, shot: Shot, seed: int, file: Path) -> None:
    """Write those of another rig: other proportions, other names, another camera, the same move."""
    random = np.random.default_rng(seed)
    build = Build(
        gender=float(random.uniform(0, 1)), height=float(random.uniform(0.25, 0.85)),
        weight=float(random.uniform(0.3, 0.7)), proportions=float(random.uniform(0.2, 0.8)),
        muscle=float(random.uniform(0.3, 0.8)),
    )  # fmt: skip
    armature = make_armature("Other rig", _OTHER_RIG, shape(build))
    place_at(armature, shot.place, shot.heading)
    key(Poser(armature), shot.truth, "fit", shot.frames, shot.fps)
    own = shot.camera
    nearer = float(random.uniform(0.85, 1.25))
    camera = add(
        Shooting(
            place=(own.place[0] + float(random.uniform(-0.25, 0.25)), own.place[1] * nearer,
                   own.place[2] + float(random.uniform(-0.15, 0.15))),
            at=own.at, lens=own.lens * float(random.uniform(0.85, 1.1)),
        ),
        "Other camera", shot.frames, shot.fps,
    )  # fmt: skip
    _write(stage, shot, armature, camera, file)
    bpy.data.objects.remove(armature)
    bpy.data.objects.remove(camera)


def _write(
    stage: Stage, shot: Shot, armature: bpy.types.Object, camera: bpy.types.Object, file: Path
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    scene = stage.scene
    scene.frame_start, scene.frame_end = 1, shot.frames
    every = plan((1, shot.frames), shot.fps, shot.frames, shot.fps)
    with RigSampler(
        scene, armature, mapping_for(armature, ""), camera, every, shot.size
    ) as sampler:
        while not sampler.step():
            pass
        arrays = {"target": sampler.joints, "size": np.array(shot.size, np.int32)}
        positions = getattr(sampler, "positions", None)
        if positions is not None:
            arrays["positions"] = positions
    write_npz(file, **arrays)
