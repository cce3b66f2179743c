"""Shows the skeleton of an action that the scene does not play: chosen OUT.

Run by test_chosen_action.py under Xvfb.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from loading import scenes
from window import driver

NOTES = driver.NOTES


def pose_state(rig: Any) -> list[Any]:
    """What the scene plays, and where its bones are."""
    bones = [round(x, 5) for bone in rig.pose.bones for x in bone.rotation_euler]
    return [rig.animation_data.action.name, driver.window().scene.frame_current, bones]


def chosen() -> Iterator[float]:
    """Switch the skeleton on, choose another action, wait, move on in time."""
    yield from driver.show_tab()
    scene = driver.window().scene
    rig = scene.objects["Rig"]
    played = rig.animation_data.action
    other = scenes().add_action(rig, "Öther", 12, lift=-0.9)
    rig.animation_data.action = played
    scene.frame_set(1)
    settings = scene.motionfollower
    settings.show_motion = settings.show_overlay = True
    driver.area("VIEW_3D").spaces.active.region_3d.view_perspective = "CAMERA"
    yield 0.5
    driver.photograph("played-action")
    before = pose_state(rig)
    from bl_ext.user_default.motionfollower.host.view import overlay

    drawn = overlay.drawn()
    settings.action = other
    yield from driver.until(lambda: overlay.drawn() > drawn, 20)
    NOTES["drawn"] = overlay.drawn() - drawn
    driver.photograph("chosen-action")
    # What Blender itself draws again after an action was played for a moment.
    yield 3.0
    draws = driver.DRAWS[0]
    yield 2.0
    NOTES["idle_draws"] = driver.DRAWS[0] - draws
    NOTES["kept"] = pose_state(rig) == before
    scene.frame_set(6)
    yield 1.5
    NOTES["frame"] = scene.frame_current
    driver.photograph("chosen-action-6")
    shown = overlay.current().rig
    layer = bpy.context.view_layer
    pose = shown.read(scene, settings, layer.depsgraph)
    NOTES["pose"] = None if pose is None else [round(float(x), 3) for x in pose.joints[4]]
    rig.animation_data.action = other
    scene.frame_set(6)
    yield 0.5
    wanted = shown.read(scene, settings, layer.depsgraph)
    NOTES["wanted"] = [round(float(x), 3) for x in wanted.joints[4]]


driver.main({"chosen": chosen})
