"""Make the actor rig of a saved shot, correct a joint with it, and take it away as motion capture.

Arguments: the file, and where to write what was seen (JSON).
"""

import json
import sys
from pathlib import Path

import bpy
from mathutils import Quaternion

sys.path.append(str(Path(__file__).parents[1]))
from loading import ARGUMENTS

BONES = ("upper_arm.L", "forearm.L", "hand.L", "shin.R", "foot.R", "f_index.03.L")


def heads(armature, first, last, frames):
    """Where bones begin in the world on frames that lie at these shares of the motion."""
    found = []
    for share in frames:
        bpy.context.scene.frame_set(round(first + share * (last - first)))
        matrix = armature.matrix_world
        found.append([list(matrix @ armature.pose.bones[name].head) for name in BONES])
    return found


def lengths(armature):
    """The longest and shortest that each bone is over the motion."""
    first, last = (round(x) for x in armature.animation_data.action.frame_range)
    found = {}
    for frame in range(first, last + 1):
        bpy.context.scene.frame_set(frame)
        for bone in armature.pose.bones:
            found.setdefault(bone.name, []).append((bone.tail - bone.head).length)
    return {name: [min(values), max(values)] for name, values in found.items()}


bpy.ops.wm.open_mainfile(filepath=ARGUMENTS[0])
scene = bpy.context.scene
assert bpy.ops.motionfollower.actor_rig() == {"FINISHED"}
rig = bpy.context.object
first, last = (round(x) for x in rig.animation_data.action.frame_range)
told = {
    "action": rig.animation_data.action.name,
    "range": [first, last],
    "lengths": lengths(rig),
    "made": heads(rig, first, last, (0.0, 0.4, 1.0)),
}

folder = Path(ARGUMENTS[1]).parent
scene.frame_start, scene.frame_end = first, last
bpy.ops.export_anim.bvh(
    filepath=str(folder / "actor.bvh"), frame_start=first, frame_end=last, root_transform_only=True
)
bpy.ops.export_scene.fbx(
    filepath=str(folder / "actor.fbx"),
    use_selection=True,
    add_leaf_bones=False,
    bake_anim_use_all_actions=False,
    bake_anim_use_nla_strips=False,
)
bpy.ops.import_anim.bvh(
    filepath=str(folder / "actor.bvh"), frame_start=first, axis_forward="Y", axis_up="Z"
)
told["bvh"] = heads(bpy.context.object, first, last, (0.0, 0.4, 1.0))
bpy.ops.import_scene.fbx(filepath=str(folder / "actor.fbx"))
(brought,) = (item for item in bpy.context.selected_objects if item.type == "ARMATURE")
told["fbx range"] = list(brought.animation_data.action.frame_range)
told["fbx"] = heads(brought, *told["fbx range"], (0.0, 0.4, 1.0))

bpy.context.view_layer.objects.active = rig
scene.frame_set(first + 1)
bone = rig.pose.bones["forearm.L"]
bone.rotation_quaternion = bone.rotation_quaternion @ Quaternion((1, 0, 0), 0.5)
assert bpy.ops.motionfollower.actor_correct() == {"FINISHED"}
(mends,) = Path(ARGUMENTS[0]).parent.glob("motionfollower/actors/*/mends/joints.json")
told["corrections"] = json.loads(mends.read_text(encoding="utf-8"))["corrections"]
bpy.ops.wm.save_mainfile()
Path(ARGUMENTS[1]).write_text(json.dumps(told), encoding="utf-8")
