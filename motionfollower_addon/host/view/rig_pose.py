"""The rig's pose as it would be rendered at the scene's frame, read once for each change."""

from __future__ import annotations

from typing import Any

from ...core.rig.joints.compose import WorldPose
from ..draw_cache import until_change
from ..rig import bone_map, custom_bones, lookup
from ..rig.joints import RigReader
from .chosen_motion import ChosenMotion, Wanted, key_number


class RigPose:
    """Reads the pose of the panel's rig for drawings."""

    def __init__(self) -> None:
        self._reader: tuple[Any, RigReader] | None = None
        self._pose: tuple[Any, WorldPose] | None = None
        self._chosen = ChosenMotion()
        self.changes = 0
        """Times that the scene's time or its data changed."""
        self.samples = 0
        """Times that the rig was read."""

    def forget(self) -> None:
        """Hold nothing of the open file."""
        self._reader = self._pose = None
        self._chosen.forget()

    def drop(self) -> None:
        """Read anew: something that was held is gone."""
        self._reader = self._pose = None

    def read(self, scene: Any, settings: Any, depsgraph: Any) -> WorldPose | None:
        """The pose of the chosen action, else as `depsgraph` holds it; None while it is made."""
        name = settings.armature.name if settings.armature else ""
        armature = lookup.find_armature(scene, name)
        reader = self._find_reader(armature, settings)
        action = settings.action
        played = armature.animation_data.action if armature.animation_data is not None else None
        if action is not None and action != played:
            keys = _keys(action, settings.slot)
            frame = scene.frame_current_final
            return self._chosen.pose(
                Wanted(scene.name, armature.name, action.name, settings.slot, frame, keys), reader
            )
        key = (self._reader and self._reader[0], self.changes, scene.frame_current_final)
        if self._pose is None or self._pose[0] != key:
            self._pose = (key, reader.read(depsgraph))
            self.samples += 1
        return self._pose[1]

    def _find_reader(self, armature: Any, settings: Any) -> RigReader:
        chosen = "" if settings.bone_map == "AUTO" else settings.bone_map
        bones = tuple(armature.data.bones.keys())
        mode = (armature.mode, armature.data.pose_position)
        key = (armature.as_pointer(), chosen, custom_bones.key(armature), bones, mode)
        if self._reader is None or self._reader[0] != key:
            self._reader = (key, RigReader(armature, bone_map.mapping_for(armature, chosen)))
            self._chosen.forget()
        return self._reader[1]


@until_change
def _keys(action: Any, slot: str) -> int:
    return key_number(action, slot)
