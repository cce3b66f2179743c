"""What is said of motions before they are rendered."""

from __future__ import annotations

from typing import Any

import bpy

from tests.addon.panels.test_sections import drawn
from tests.addon.scenes import add_action


def other_action(scene: Any, rename: str, lift: float) -> Any:
    """An action whose bones are called otherwise, or whose arms stand still."""
    rig = scene.objects["Rig"]
    before = rig.animation_data.action
    bones = [rig.pose.bones[f"{side}Arm"] for side in ("Left", "Right")]
    for bone in bones if rename else ():
        bone.name = f"{rename}{bone.name}"
    if rename:
        # As another rig would have keyed it.
        action = bpy.data.actions.new("Öther")
        rig.animation_data.action = action
        for bone in bones:
            bone.rotation_mode = "XYZ"
            for frame in (1, 6):
                bone.rotation_euler = (lift * frame, 0, 0)
                bone.keyframe_insert("rotation_euler", frame=frame)
        rig.animation_data.action = before
        for bone in bones:
            bone.name = bone.name.removeprefix(rename)
        # Renaming a bone renames it in its actions, which another rig's are not.
        from motionfollower_addon.host import compat

        for curve in compat.fcurves(action):
            curve.data_path = curve.data_path.replace('["', f'["{rename}')
    else:
        action = add_action(rig, "Öther", 6, lift=lift)
        rig.animation_data.action = before
    return action


def test_an_action_of_another_rig_is_remarked_on(scene: Any, session: Any) -> None:
    scene.motionfollower.action = other_action(scene, "mixamorig:", 0.3)
    assert "looks made for another rig" in drawn(scene, "motion").text
    flow = session.make_flow(_shot(scene))
    flow.run()
    assert any("made for another rig" in text for _, text in flow.warnings), flow.warnings


def test_a_motion_that_holds_one_pose_is_remarked_on(scene: Any, session: Any) -> None:
    scene.motionfollower.action = other_action(scene, "", 0.0)
    assert "does not move" in drawn(scene, "motion").text
    flow = session.make_flow(_shot(scene))
    flow.run()
    assert any("does not move" in text for _, text in flow.warnings), flow.warnings


def test_nothing_is_said_of_a_motion_that_suits(scene: Any) -> None:
    text = drawn(scene, "motion").text
    assert "another rig" not in text and "does not move" not in text


def _shot(scene: Any) -> Any:
    from motionfollower_addon.host.panel_shot import to_shot

    return to_shot(scene)
