"""Another action on an armature for a while, with everything put back afterwards."""

from __future__ import annotations

from typing import Any

from mf_backend.contracts.errors import InputError

_TRANSFORMS = (
    "location",
    "rotation_quaternion",
    "rotation_euler",
    "rotation_axis_angle",
    "scale",
)
_SETTINGS = ("action_blend_type", "action_extrapolation", "action_influence", "use_nla")


def find_slot(action: Any, name: str, animation: Any) -> Any:
    """The slot of `action` called `name`, else the one that suits the animated data best.

    None where Blender has no slots yet or the action none. Raises InputError for an unknown name.
    """
    slots = getattr(action, "slots", None)
    if slots is None or (not name and not len(slots)):
        return None
    if name:
        for slot in slots:
            if name in (slot.identifier, slot.name_display):
                return slot
        have = ", ".join(slot.name_display for slot in slots)
        raise InputError(
            "slot-missing",
            f"The action {action.name!r} has no slot {name!r}; it has {have}.",
            "Choose one of them, or leave Slot empty.",
        )
    suitable = list(getattr(animation, "action_suitable_slots", []))
    return suitable[0] if suitable else None


class ActionOverride:
    """Plays `action` alone on `armature` until `close`.

    NLA tracks are muted and the action's influence is whole meanwhile. Afterwards the action, its
    slot and settings and every pose bone's own values are as before: keys of the other action must
    not stay behind in bones that the first one does not key.
    """

    def __init__(self, armature: Any, action: Any, slot: str = "") -> None:
        if armature.library is not None:
            raise InputError(
                "rig-linked",
                f"The armature {armature.name!r} is linked from another file and cannot play "
                f"another action.",
                "Make a library override of it, or use the motion it has.",
            )
        self._armature = armature
        self._made = armature.animation_data is None
        self._pose = keep_values(armature)
        animation = armature.animation_data_create() if self._made else armature.animation_data
        if getattr(animation, "use_tweak_mode", False):
            raise InputError(
                "nla-tweak",
                f"An NLA strip of {armature.name!r} is being edited.",
                "Leave the strip's tweak mode (Tab in the NLA editor) and try again.",
            )
        self._settings = {name: getattr(animation, name) for name in _SETTINGS}
        self._action = animation.action
        slot_before = getattr(animation, "action_slot", None)
        # By number: Blender does not tell Python of a removed slot.
        self._slot = slot_before.handle if slot_before is not None else None
        try:
            animation.action = action
            found = find_slot(action, slot, animation)
            if found is not None:
                animation.action_slot = found
            animation.use_nla = False
            animation.action_blend_type = "REPLACE"
            animation.action_influence = 1.0
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Put everything back; the caller evaluates the scene again."""
        if self._armature is None:
            return
        armature, self._armature = self._armature, None
        animation = armature.animation_data
        animation.action = self._action
        if self._action is not None and hasattr(animation, "action_slot"):
            # Assigning an action chooses a slot; it may have had another one, or none.
            kept = (slot for slot in self._action.slots if slot.handle == self._slot)
            animation.action_slot = next(kept, None)
        for name, value in self._settings.items():
            setattr(animation, name, value)
        if self._made:
            armature.animation_data_clear()
        put_back(armature, self._pose)


def _own_values(item: Any) -> dict[str, Any]:
    """Custom properties that an action may key."""
    values: dict[str, Any] = {}
    for key in item.keys():  # noqa: SIM118 (a pose bone is no dict)
        value = item[key]
        if isinstance(value, bool | int | float):
            values[key] = value
        elif hasattr(value, "to_list"):
            values[key] = value.to_list()
    return values


def keep_values(armature: Any) -> list[tuple[Any, dict[str, Any], dict[str, Any]]]:
    """The values of an armature object and its pose bones, for `put_back`."""
    return [
        (
            bone.name if bone is not armature else None,
            {name: tuple(getattr(bone, name)) for name in _TRANSFORMS},
            _own_values(bone),
        )
        for bone in (armature, *armature.pose.bones)
    ]


def put_back(armature: Any, kept: list[tuple[Any, dict[str, Any], dict[str, Any]]]) -> None:
    """Give an armature the values that `keep_values` took."""
    for name, transforms, own in kept:
        item = armature if name is None else armature.pose.bones.get(name)
        if item is None:
            continue
        for attribute, value in transforms.items():
            setattr(item, attribute, value)
        for key, value in own.items():
            item[key] = value
