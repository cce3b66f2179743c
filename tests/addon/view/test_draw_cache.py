"""What panels look up is kept for one drawing at most; what has just changed is seen at once."""

from __future__ import annotations

from typing import Any

import bpy
import pytest

from motionfollower_addon.host import cast, clip, lookup, rig_state, showing
from tests.addon.flow.scenes import add_rig, strips
from tests.addon.flow.test_panels import drawn, why_not

CROWD = 3000


@pytest.fixture
def crowded(session: Any, scene: Any) -> Any:
    """The small shot among thousands of other objects."""
    mesh = bpy.data.meshes.new("Thing")
    for index in range(CROWD):
        scene.collection.objects.link(bpy.data.objects.new(f"Thing {index}", mesh))
    return scene


def names(found: list[Any]) -> list[str]:
    """Their names, sorted."""
    return sorted(item.name for item in found)


def test_renamed_added_and_removed_objects_are_seen_at_once(crowded: Any) -> None:
    assert names(cast.armatures(crowded)) == ["Rig"]
    bpy.data.objects["Rig"].name = "Rïg"
    assert names(cast.armatures(crowded)) == ["Rïg"]
    assert lookup.find_armature(crowded, "Rïg").name == "Rïg"
    second = bpy.data.objects.new("Second", bpy.data.armatures.new("Second"))
    assert names(cast.armatures(crowded)) == ["Rïg"], "it is in no scene yet"
    crowded.collection.objects.link(second)
    assert names(cast.armatures(crowded)) == ["Rïg", "Second"]
    crowded.collection.objects.unlink(second)
    assert names(cast.armatures(crowded)) == ["Rïg"]
    bpy.data.objects.remove(bpy.data.objects["Rïg"])
    assert cast.armatures(crowded) == []
    # A camera in the place of a thing: the list is as long as before.
    bpy.data.objects.remove(bpy.data.objects["Thing 7"])
    camera = bpy.data.objects.new("Second Camera", bpy.data.cameras.new("Second"))
    crowded.collection.objects.link(camera)
    assert names(cast.cameras(crowded)) == ["Camera", "Second Camera"]


def test_instances_that_come_and_go_are_seen_at_once(crowded: Any) -> None:
    inside = bpy.data.collections.new("Inside")
    rig = bpy.data.objects.new("Inner", bpy.data.armatures.new("Inner"))
    inside.objects.link(rig)
    empty = bpy.data.objects.new("Empty", None)
    crowded.collection.objects.link(empty)
    assert names(cast.armatures(crowded)) == ["Rig"]
    empty.instance_type, empty.instance_collection = "COLLECTION", inside
    assert names(cast.armatures(crowded)) == ["Inner", "Rig"]
    empty.instance_type = "NONE"
    assert names(cast.armatures(crowded)) == ["Rig"]


def test_an_undo_is_seen_at_once(crowded: Any) -> None:
    bpy.ops.ed.undo_push(message="one rig")
    add_rig(crowded, "Rig 2")
    bpy.ops.ed.undo_push(message="two rigs")
    assert names(cast.armatures(crowded)) == ["Rig", "Rig 2"]
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert names(cast.armatures(bpy.context.scene)) == ["Rig"]
    assert bpy.ops.ed.redo() == {"FINISHED"}
    assert names(cast.armatures(bpy.context.scene)) == ["Rig", "Rig 2"]


def test_another_scene_has_its_own(crowded: Any) -> None:
    assert names(cast.armatures(crowded)) == ["Rig"]
    other = bpy.data.scenes.new("Other")
    assert cast.armatures(other) == []
    for number in range(6):
        assert cast.cameras(bpy.data.scenes.new(f"Scene {number}")) == []
    assert names(cast.cameras(crowded)) == ["Camera"]


def test_renamed_bones_are_seen_at_once(scene: Any) -> None:
    rig = bpy.data.objects["Rig"]
    assert "CMU BVH" in drawn(scene).text
    for bone in rig.data.bones:
        bone.name = f"x{len(bone.name)}"
    assert "CMU BVH" not in drawn(scene).text
    assert "Guess from hierarchy" in drawn(scene, "bones").text


def test_kept_only_until_the_drawing_ends(scene: Any) -> None:
    with showing.showing():
        first = clip.footage_strips(scene)
        with showing.showing():
            assert clip.footage_strips(scene) is first
        assert clip.footage_strips(scene) is first, "an inner drawing is part of the outer one"
        assert rig_state.chosen_armature(scene).name == "Rig"
    strips(scene).remove(strips(scene)["footage"])
    assert clip.footage_strips(scene) == []
    with pytest.raises(ZeroDivisionError), showing.showing():
        1 / 0  # noqa: B018 - a drawing that fails
    assert clip.footage_strips(scene) is not clip.footage_strips(scene), "nothing is kept after it"


def test_a_scene_that_only_lost_its_motion_says_so_at_once(crowded: Any) -> None:
    assert why_not(crowded) == ""
    bpy.data.objects["Rig"].animation_data_clear()
    assert "has no action" in why_not(crowded)
    assert "Rig has no motion" in drawn(crowded).lines
