"""Operators on the bone list of the chosen armature."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from mf_backend.contracts.errors import InputError

from .. import ids
from ..core.rig.mapping import load, save
from ..core.rig.mirror import mirror
from ..host.draw_cache import showing
from ..host.rig import bone_map, custom_bones
from ..host.rig.bones import detect_armature
from .reporting import attempt


class _OnBones:
    """An operator on the armature that the panel means."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with an armature that may be changed."""
        with showing():
            armature = bone_map.chosen_armature(context.scene)
        if armature is None:
            cls.poll_message_set("Choose an armature first")
            return False
        if armature.library is not None:
            cls.poll_message_set("The armature is linked from another file: override it first")
            return False
        return True

    def mapping(self, armature: Any) -> Any:
        """The armature's own list. Raises where there is none."""
        found = custom_bones.read(armature)
        if found is None:
            raise InputError("bones-empty", "There is no bone list yet.", "Press Edit Bones first.")
        return found


class MF_OT_bones_edit(_OnBones, bpy.types.Operator):
    """Make a list of the bones that were detected, to choose others for single joints"""

    bl_idname = ids.OP_BONES_EDIT
    bl_label = "Edit Bones"

    def execute(self, context: Any) -> set[str]:
        """Copy what fits best, even where joints are missing."""
        armature = bone_map.chosen_armature(context.scene)
        return attempt(
            self, lambda: custom_bones.write(armature, detect_armature(armature).mapping)
        )


class MF_OT_bones_clear(_OnBones, bpy.types.Operator):
    """Forget the list and detect the bones again"""

    bl_idname = ids.OP_BONES_CLEAR
    bl_label = "Detect Again"

    def execute(self, context: Any) -> set[str]:
        """Clear the list."""
        custom_bones.clear(bone_map.chosen_armature(context.scene))
        return {"FINISHED"}


class MF_OT_bones_mirror(_OnBones, bpy.types.Operator):
    """Fill one side of the list from the other: the same bone names, left and right exchanged"""

    bl_idname = ids.OP_BONES_MIRROR
    bl_label = "Mirror"

    source: EnumProperty(
        items=(
            ("left", "Left to Right", "Copy the left side's bones to the right"),
            ("right", "Right to Left", "Copy the right side's bones to the left"),
        ),
        name="From",
        description="The side that is right already",
    )

    def execute(self, context: Any) -> set[str]:
        """Mirror the list."""
        armature = bone_map.chosen_armature(context.scene)
        names = armature.data.bones.keys()
        return attempt(
            self,
            lambda: custom_bones.write(
                armature, mirror(self.mapping(armature), names, self.source)
            ),
        )


class _OnFile(_OnBones):
    """An operator that asks for a file."""

    filepath: StringProperty(
        name="File",
        subtype="FILE_PATH",
        description="File (json) that holds which bones move which joints",
        options={"SKIP_SAVE"},
    )
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}


class MF_OT_bones_save(_OnFile, bpy.types.Operator):
    """Save the bone list as a file, for other rigs of the same kind"""

    bl_idname = ids.OP_BONES_SAVE
    bl_label = "Save Bones"

    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    def execute(self, context: Any) -> set[str]:
        """Write the file."""
        armature = bone_map.chosen_armature(context.scene)
        path = Path(self.filepath).with_suffix(".json")
        return attempt(self, lambda: save(self.mapping(armature), path))


class MF_OT_bones_load(_OnFile, bpy.types.Operator):
    """Load a bone list from a file; bones that this rig lacks are left empty"""

    bl_idname = ids.OP_BONES_LOAD
    bl_label = "Load Bones"

    def execute(self, context: Any) -> set[str]:
        """Read the file."""
        armature = bone_map.chosen_armature(context.scene)

        def take_over() -> None:
            mapping = load(Path(self.filepath))
            for joint, anchor in mapping.joints.items():
                if anchor.bone not in armature.data.bones:
                    mapping = mapping.with_joint(joint, None)
            custom_bones.write(armature, mapping)

        return attempt(self, take_over)


CLASSES = (
    MF_OT_bones_edit,
    MF_OT_bones_clear,
    MF_OT_bones_mirror,
    MF_OT_bones_save,
    MF_OT_bones_load,
)
