"""`python -m benchmarks.mends.joints CLIP...`: disturb an actor's joints, mend them, print both.

A clip is a folder of frames, or one with source_images/ in it. It is analysed; on three frames an
arm and a leg are put 40 pixels off in the store, as an estimator may have them. Then the add-on
makes the actor rig of what the store says, the two limbs are posed on each of the frames so that
their joints are seen where they were found at first, and Apply as Correction is pressed.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.method.pose import share_right
from mf_backend.actor.store.about import read_about, write_about
from mf_backend.actor.store.folder import FOLDER, ActorFolder
from mf_backend.actor.store.reading import load_joints
from mf_backend.conditioning.stage_files import load_source
from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.errors import MFError
from mf_backend.contracts.files import write_npz
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.skeleton.joints import BODY, JOINT_INDEX, RIGHT_HAND

from .running import call, export

LEAST = 0.99
_NEAR = 0.05
"""Of the person's height: what counts as right."""
_OFF = 40.0
_LIMBS = {"right_elbow": "upper_arm.R", "right_wrist": "forearm.R",
          "left_knee": "thigh.L", "left_ankle": "shin.L"}  # fmt: skip
"""The joints that are disturbed, root first, and the bones that end in them."""
Joints = NDArray[np.floating[Any]]


def disturb(actor: ActorFolder, rows: Iterable[int]) -> None:
    """Put those joints off in the store, each in another direction, a hand with its wrist."""
    found = load_joints(actor)
    source = found["source"].copy()
    for row in rows:
        for number, name in enumerate(_LIMBS):
            angle = 2.4 * (row + number)
            way = _OFF * np.array([np.cos(angle), np.sin(angle)])
            source[row, JOINT_INDEX[name]] += way
            if name == "right_wrist":
                source[row, RIGHT_HAND] += way
    write_npz(actor.joints, **{**found, "source": source})
    about = read_about(actor.about)
    assert about is not None
    write_about(actor.about, replace(about, joints=FileMark.of(actor.joints)))


def turn_towards(armature: Any, name: str, place: Any, ray: Any) -> None:
    """Turn a bone about its head so that its tail is seen on the line from `place` along `ray`."""
    import bpy
    from mathutils import Matrix

    bone, world = armature.pose.bones[name], armature.matrix_world
    head, tail = world @ bone.head, world @ bone.tail
    along = (head - place).dot(ray)
    gap = (head - place - along * ray).length
    half = max((tail - head).length ** 2 - gap**2, 0.0) ** 0.5
    # Of the two points that lie a bone's length off, the one on the side where the tail is.
    nearer = along + math.copysign(half, (tail - head).dot(ray))
    turn = (tail - head).rotation_difference(place + nearer * ray - head).to_matrix().to_4x4()
    about_head = Matrix.Translation(head) @ turn @ Matrix.Translation(-head)
    bone.matrix = world.inverted() @ about_head @ world @ bone.matrix
    bpy.context.view_layer.update()


def pose_limbs(armature: Any, row: int, wanted: Joints) -> None:
    """Turn the limbs of the rig on the frame that is shown towards the joints [60, 2]."""
    from mathutils import Vector

    from motionfollower_addon.host.actor import marks

    mark = marks.read(armature)
    assert mark is not None
    views = marks.views_as_made(armature, mark)
    places = np.repeat(np.asarray(wanted, np.float64)[None], mark.count, axis=0)
    rays = views.rays(places)[row]
    for name, bone in _LIMBS.items():
        ray = Vector(rays[JOINT_INDEX[name]]).normalized()
        turn_towards(armature, bone, Vector(views.places[row]), ray)


def open_file(root: Path, frames: Path, size: tuple[int, int]) -> Any:
    """A saved file whose panel has the clip; its scene."""
    import bpy

    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 24
    scene.render.resolution_x, scene.render.resolution_y = size
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.rotation_euler = (np.pi / 2, 0, 0)
    camera.location = (0, -4, 1)
    scene.collection.objects.link(camera)
    scene.camera = camera
    values = scene.motionfollower
    values.source, values.clip, values.actor_blend = "FILE", str(frames), 0
    bpy.ops.wm.save_as_mainfile(filepath=str(root / "mend.blend"))
    return scene


def mend(scene: Any, rows: Iterable[int], wanted: Joints) -> None:
    """Make the rig and give a correction on each of the frames [n, 60, 2]."""
    import bpy

    bpy.ops.motionfollower.actor_rig()
    for row in rows:
        scene.frame_set(scene.frame_start + row)
        pose_limbs(bpy.context.object, row, wanted[row])
        bpy.ops.motionfollower.actor_correct()


def measure(material: Path, root: Path) -> bool:
    """Print one clip's figures; whether they are good enough."""
    images = material / "source_images"
    frames = images if images.is_dir() else material
    home = root / "motionfollower"
    call("analyse", frames, "--out", home / FOLDER)
    (actor,) = (ActorFolder(path) for path in (home / FOLDER).iterdir() if path.is_dir())
    found = load_joints(actor)
    truth, size = found["source"], (int(found["size"][0]), int(found["size"][1]))
    rows = np.linspace(0, len(truth) - 1, 5).round().astype(int)[1:4].tolist()

    def right(job: JobFolder) -> float:
        joints = load_source(job.conditions)[0]
        return share_right(joints[rows][:, BODY], truth[rows][:, BODY], size, _NEAR)

    disturb(actor, rows)
    job = export(home, frames, "job")
    disturbed = right(job)
    files = {path: path.stat().st_mtime_ns for path in job.conditions.glob("source_*/*.png")}
    mend(open_file(root, frames, size), rows, truth)
    mended = right(export(home, frames, "job"))
    touched = {int(path.stem.split("_")[1]) for path, when in files.items()
               if path.stat().st_mtime_ns != when}  # fmt: skip
    print(
        f"{'-'.join(material.parts[-2:])}: frames {rows}, PCK@{_NEAR} disturbed {disturbed:.3f}, "
        f"mended {mended:.3f}; frames written again: {sorted(touched)}",
        flush=True,
    )
    return mended >= LEAST and touched == set(rows)


def main() -> int:
    """0 where all clips reach LEAST and nothing but their mended frames was written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mends.joints", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    clips = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as settings:
        os.environ["BLENDER_USER_RESOURCES"] = settings
        import bpy  # noqa: F401 - only the first import reads where its settings are

        import motionfollower_addon

        motionfollower_addon.register()
        good = []
        for material in clips:
            with tempfile.TemporaryDirectory() as folder:
                good.append(measure(material.absolute(), Path(folder)))
    return 0 if all(good) else 1


if __name__ == "__main__":
    try:
        code = main()
    except MFError as error:
        print(error, file=sys.stderr)
        code = int(error.exit_code)
    sys.stdout.flush()
    # Blender's Python module crashes in its own clean-up at exit.
    os._exit(code)
