"""What panels look up is kept for one drawing at most; what has just changed is seen at once."""

from __future__ import annotations

from typing import Any

import bpy
import pytest

from motionfollower_addon.host import draw_cache
from motionfollower_addon.host.footage import source
from motionfollower_addon.host.rig import bone_map, lookup, scene_objects
from tests.addon.panels.test_sections import drawn, why_not
from tests.addon.scenes import add_rig, strips

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
    assert names(scene_objects.armatures(crowded)) == ["Rig"]
    bpy.data.objects["Rig"].name = "Rïg"
    assert names(scene_objects.armatures(crowded)) == ["Rïg"]
    assert lookup.find_armature(crowded, "Rïg").name == "Rïg"
    second = bpy.data.objects.new("Second", bpy.data.armatures.new("Second"))
    assert names(scene_objects.armatures(crowded)) == ["Rïg"], "it is in no scene yet"
    crowded.collection.objects.link(second)
    assert names(scene_objects.armatures(crowded)) == ["Rïg", "Second"]
    crowded.collection.objects.unlink(second)
    assert names(scene_objects.armatures(crowded)) == ["Rïg"]
    bpy.data.objects.remove(bpy.data.objects["Rïg"])
    assert scene_objects.armatures(crowded) == []
    # A camera in the place of a thing: the list is as long as before.
    bpy.data.objects.remove(bpy.data.objects["Thing 7"])
    camera = bpy.data.objects.new("Second Camera", bpy.data.cameras.new("Second"))
    crowded.collection.objects.link(camera)
    assert names(scene_objects.cameras(crowded)) == ["Camera", "Second Camera"]


def test_instances_that_come_and_go_are_seen_at_once(crowded: Any) -> None:
    inside = bpy.data.collections.new("Inside")
    rig = bpy.data.objects.new("Inner", bpy.data.armatures.new("Inner"))
    inside.objects.link(rig)
    empty = bpy.data.objects.new("Empty", None)
    crowded.collection.objects.link(empty)
    assert names(scene_objects.armatures(crowded)) == ["Rig"]
    empty.instance_type, empty.instance_collection = "COLLECTION", inside
    assert names(scene_objects.armatures(crowded)) == ["Inner", "Rig"]
    empty.instance_type = "NONE"
    assert names(scene_objects.armatures(crowded)) == ["Rig"]


def test_an_undo_is_seen_at_once(crowded: Any) -> None:
    bpy.ops.ed.undo_push(message="one rig")
    add_rig(crowded, "Rig 2")
    bpy.ops.ed.undo_push(message="two rigs")
    assert names(scene_objects.armatures(crowded)) == ["Rig", "Rig 2"]
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert names(scene_objects.armatures(bpy.context.scene)) == ["Rig"]
    assert bpy.ops.ed.redo() == {"FINISHED"}
    assert names(scene_objects.armatures(bpy.context.scene)) == ["Rig", "Rig 2"]


def test_another_scene_has_its_own(crowded: Any) -> None:
    assert names(scene_objects.armatures(crowded)) == ["Rig"]
    other = bpy.data.scenes.new("Other")
    assert scene_objects.armatures(other) == []
    for number in range(6):
        assert scene_objects.cameras(bpy.data.scenes.new(f"Scene {number}")) == []
    assert names(scene_objects.cameras(crowded)) == ["Camera"]


def test_renamed_bones_are_seen_at_once(scene: Any) -> None:
    rig = bpy.data.objects["Rig"]
    assert "CMU BVH" in drawn(scene).text
    for bone in rig.data.bones:
        bone.name = f"x{len(bone.name)}"
    assert "CMU BVH" not in drawn(scene).text
    assert "Guess from hierarchy" in drawn(scene, "bones").text


def test_kept_only_until_the_drawing_ends(scene: Any) -> None:
    with draw_cache.showing():
        first = source.footage_strips(scene)
        with draw_cache.showing():
            assert source.footage_strips(scene) is first
        assert source.footage_strips(scene) is first, "an inner drawing is part of the outer one"
        assert bone_map.chosen_armature(scene).name == "Rig"
    strips(scene).remove(strips(scene)["footage"])
    assert source.footage_strips(scene) == []
    with pytest.raises(ZeroDivisionError), draw_cache.showing():
        1 / 0  # noqa: B018 - a drawing that fails
    assert source.footage_strips(scene) is not source.footage_strips(scene), (
        "nothing is kept after it"
    )


def test_a_scene_that_only_lost_its_motion_says_so_at_once(crowded: Any) -> None:
    assert why_not(crowded) == ""
    bpy.data.objects["Rig"].animation_data_clear()
    assert "has no action" in why_not(crowded)
    assert "Rig has no motion" in drawn(crowded).lines
