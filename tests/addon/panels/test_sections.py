"""What the sidebar says: each section's state, why Render is grey, and rigs that come from afar."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import bpy
import pytest

from mf_backend.contracts.errors import MFError
from mf_backend.jobs.analysis.look import Look
from tests.addon.movies import write_movie
from tests.addon.paper import Paper, context
from tests.addon.scenes import add_action, add_footage, add_rig, strips


@pytest.fixture(autouse=True)
def _settled(session: Any) -> None:
    """A session without runs; panels ask it."""


def drawn(scene: Any, *opened: str) -> Paper:
    """The sidebar with these sections open and the others closed."""
    from motionfollower_addon.panels.sidebar import _Sidebar

    settings = scene.motionfollower
    for name in ("footage", "actor", "motion", "bones", "fit", "quality", "render", "takes"):
        setattr(settings, f"show_{name}", name in opened)
    panel, paper = _Sidebar(), Paper()
    panel.layout = paper
    panel.draw(context(scene))
    return paper


def why_not(scene: Any) -> str:
    """The reason under the grey button; empty where Render can be pressed."""
    from motionfollower_addon.host.run import readiness

    return readiness.missing(context(scene))


def test_a_new_file_says_what_it_needs() -> None:
    bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    lines = drawn(scene).lines
    states = dict(zip(lines[::2], lines[1::2], strict=True))
    assert states == {
        "Footage": "no clip yet",
        "Actor": "not analysed yet",
        "Motion": "no rig yet",
        "Bones": "no rig yet",
        "Fit to Actor": "scaled to the actor",
        "Quality": "Preview",
        "Render": "not ready",
        "Takes": "none yet",
    }
    assert "Add the clip to the Sequencer" in drawn(scene, "render").text


def test_one_of_each_is_ready_with_nothing_set(scene: Any) -> None:
    assert why_not(scene) == ""
    lines = drawn(scene).lines
    assert lines[1::2][:4] == [
        "6 frames, footage",
        "not analysed yet",
        "Rig, Wäve",
        "CMU BVH, 87%",
    ]
    assert lines[-3] == "ready"
    # The empty fields show what they stand for.
    assert {"footage", "Rig", "Wäve", "Camera"} <= set(drawn(scene, "footage", "motion").lines)


def test_each_thing_that_is_missing_has_its_sentence(scene: Any, odd_path: Path) -> None:
    rig = bpy.data.objects["Rig"]
    second = add_rig(scene, "Rig 2")
    assert "several armatures" not in why_not(scene), "the one that moves is meant"
    add_action(second, "Jump", 6)
    assert "several armatures: Rig, Rig 2. Choose" in why_not(scene)
    assert "choose a rig" in drawn(scene).lines
    bpy.data.objects.remove(second)

    rig.animation_data_clear()
    assert "'Rig' has no action" in why_not(scene)
    assert "Rig has no motion" in drawn(scene).lines
    add_action(rig, "Wave", 6)

    scene.camera = None
    bpy.data.objects.remove(bpy.data.objects["Camera"])
    assert "no camera" in why_not(scene)
    assert "no camera" in drawn(scene).lines
    scene.collection.objects.link(bpy.data.objects.new("Cam", bpy.data.cameras.new("Cam")))
    assert why_not(scene) == "", "the only camera is meant"

    add_footage(scene, odd_path / "footage" / "clip", start=40)
    scene.sequence_editor.active_strip = None
    assert "there are several" in why_not(scene)
    assert "choose a strip" in drawn(scene).lines
    scene.motionfollower.strip = "footage"
    assert why_not(scene) == ""
    scene.motionfollower.strip = "gone"
    assert "There is no strip named 'gone'" in why_not(scene)
    scene.motionfollower.source = "FILE"
    assert "Choose the file" in why_not(scene)


def test_bones_that_do_not_serve_keep_render_grey(scene: Any) -> None:
    assert bpy.ops.motionfollower.bones_edit() == {"FINISHED"}
    row = next(r for r in bpy.data.objects["Rig"].motionfollower_bones if r.joint == "left_elbow")
    row.bone = ""
    assert why_not(scene).endswith("has no bone for left elbow. Choose what is missing in Bones.")
    assert not bpy.ops.motionfollower.render.poll()


def test_without_a_backend_the_way_to_the_preferences(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOTIONFOLLOWER_BACKEND_PYTHON", raising=False)
    paper = drawn(scene, "render")
    assert "press Install Backend in the preferences" in paper.text
    assert "motionfollower.open_preferences" in [name for name, _ in paper.buttons]


@pytest.mark.parametrize("linked", [False, True], ids=["own", "linked"])
def test_a_rig_that_is_only_instanced_is_found_picked_and_rendered(
    scene: Any, odd_path: Path, linked: bool
) -> None:
    from motionfollower_addon.host.rig import scene_objects
    from motionfollower_addon.properties.motion import is_armature

    collection = bpy.data.collections.new("Rigs")
    rig = bpy.data.objects["Rig"]
    scene.collection.objects.unlink(rig)
    collection.objects.link(rig)
    if linked:
        path = odd_path / "rïgs.blend"
        bpy.data.libraries.write(str(path), {collection})
        bpy.data.objects.remove(rig)
        bpy.data.collections.remove(collection)
        with bpy.data.libraries.load(str(path), link=True) as (have, wanted):
            wanted.collections = have.collections
        (collection,) = wanted.collections
        rig = collection.objects[0]
        assert rig.library is not None
    inner = bpy.data.objects.new("Inner", None)
    inner.instance_type, inner.instance_collection = "COLLECTION", collection
    outer = bpy.data.collections.new("Outer")
    outer.objects.link(inner)
    empty = bpy.data.objects.new("Instance", None)
    empty.instance_type, empty.instance_collection = "COLLECTION", outer
    scene.collection.objects.link(empty)

    assert scene_objects.armatures(scene) == [rig]
    assert is_armature(scene.motionfollower, rig)
    assert why_not(scene) == ""
    assert "Rig, Wäve" in drawn(scene).lines
    for chosen in (None, rig):
        scene.motionfollower.armature = chosen
        assert bpy.ops.motionfollower.render() == {"FINISHED"}
    assert sum(strip.get("motionfollower_job") is not None for strip in strips(scene)) == 2


def test_a_rig_of_another_scene_is_not_offered(scene: Any) -> None:
    from motionfollower_addon.properties.motion import is_armature, is_camera

    other = bpy.data.scenes.new("Other")
    assert is_armature(scene.motionfollower, bpy.data.objects["Rig"])
    assert not is_armature(other.motionfollower, bpy.data.objects["Rig"])
    assert not is_camera(other.motionfollower, bpy.data.objects["Camera"])


def test_an_overridden_rig_keeps_its_own_bone_list(scene: Any, odd_path: Path) -> None:
    rig = bpy.data.objects["Rig"]
    path = odd_path / "rïgs.blend"
    bpy.data.libraries.write(str(path), {rig})
    bpy.data.objects.remove(rig)
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.objects = ["Rig"]
    linked = wanted.objects[0]
    scene.collection.objects.link(linked)
    scene.motionfollower.armature = linked
    assert not bpy.ops.motionfollower.bones_edit.poll(), "a linked rig cannot be changed"
    assert bpy.ops.motionfollower.render() == {"FINISHED"}

    mine = linked.override_create(remap_local_usages=True)
    assert scene.motionfollower.armature == mine
    assert bpy.ops.motionfollower.bones_edit() == {"FINISHED"}
    row = next(r for r in mine.motionfollower_bones if r.joint == "left_wrist")
    row.bone = "LeftForeArm"
    count = len(mine.motionfollower_bones)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    again = bpy.context.scene.motionfollower.armature
    assert len(again.motionfollower_bones) == count
    row = next(r for r in again.motionfollower_bones if r.joint == "left_wrist")
    assert row.bone == "LeftForeArm"


def movie_strip(scene: Any, odd_path: Path) -> Any:
    """The footage once more, as the only strip, a movie."""
    path = write_movie(odd_path / "actör.mp4", odd_path / "footage" / "clip", 24, False)
    strips(scene).remove(strips(scene)["footage"])
    return strips(scene).new_movie(name="actor", filepath=str(path), channel=1, frame_start=10)


def add_effect(scene: Any, kind: str, strip: Any) -> Any:
    """An effect strip on a strip, whatever this Blender calls its inputs."""
    function = strips(scene).bl_rna.functions["new_effect"]
    names = {item.identifier for item in function.parameters}
    values: dict[str, Any] = {"name": kind.title(), "type": kind, "channel": 5, "frame_start": 10}
    values["input1" if "input1" in names else "seq1"] = strip
    if "length" in names:
        values["length"] = 6
    return strips(scene).new_effect(**values)


def test_a_speed_that_the_take_would_not_have_is_refused(scene: Any, odd_path: Path) -> None:
    effect = add_effect(scene, "SPEED", movie_strip(scene, odd_path))
    with pytest.raises(RuntimeError, match="plays the strip 'actor' at another speed"):
        bpy.ops.motionfollower.render()
    assert "Mute the effect" in drawn(scene, "render").text
    effect.mute = True
    assert bpy.ops.motionfollower.render() == {"FINISHED"}


def test_an_effect_on_the_footage_is_pointed_out(scene: Any, session: Any, odd_path: Path) -> None:
    from motionfollower_addon.host.panel_shot import to_shot

    strip = movie_strip(scene, odd_path)
    add_effect(scene, "GLOW", strip)
    flow = session.make_flow(to_shot(scene))
    flow.run()
    assert flow.error is None, flow.error
    assert "The effect Glow works on the footage only" in str(flow.warnings)


def test_the_footage_may_be_in_a_meta_strip(scene: Any) -> None:
    editor = scene.sequence_editor
    meta = strips(scene).new_meta(name="Scene 1", channel=4, frame_start=10)
    footage = strips(scene)["footage"]
    footage.move_to_meta(meta)
    editor.active_strip = meta
    assert why_not(scene) == ""
    assert bpy.ops.motionfollower.render() == {"FINISHED"}
    inside = meta.strips if hasattr(meta, "strips") else meta.sequences
    assert sum(item.get("motionfollower_job") is not None for item in inside) == 1


def test_comparing_leaves_the_footage_as_it_was_chosen(scene: Any) -> None:
    from motionfollower_addon.host.footage import source
    from motionfollower_addon.host.take import comparison, strips

    assert bpy.ops.motionfollower.render() == {"FINISHED"}
    (take,) = strips.takes(scene)
    job = take["motionfollower_job"]
    for mode, words in (("SIDE", "Footage left, take right"), ("WIPE", ""), ("OFF", "")):
        assert bpy.ops.motionfollower.take_compare(job=job, mode=mode) == {"FINISHED"}
        assert comparison.compared(take) == mode
        assert [item.name for item in source.footage_strips(scene)] == ["footage"]
        assert why_not(scene) == ""
        assert words in drawn(scene, "takes").text
    paper = drawn(scene, "takes")
    assert "Preview, fitted to the actor, 6 frames" in paper.text
    assert take.name in drawn(scene).lines[-1]


def test_an_analysis_is_told_as_it_goes(scene: Any, session: Any) -> None:
    """Running, failed, and what a click on a line goes to."""
    from motionfollower_addon.core.backend.state import JobPhase, JobStatus
    from motionfollower_addon.host.panel_shot import to_shot
    from motionfollower_addon.host.run.analysis import AnalysisStage, asked_of

    assert "Analyse Actor" in drawn(scene, "actor").lines
    with pytest.raises(Exception, match="own files are given"):
        asked_of(to_shot(scene), scene)
    scene.motionfollower.source_masks = scene.motionfollower.source_joints = ""
    session.analyse(asked_of(to_shot(scene), scene))
    flow = session.analysis_of(scene.name)
    flow.stage = AnalysisStage.ANALYSING
    flow.status = JobStatus("x", Path("actors"), JobPhase.RUNNING, stage="actor", overall=0.4)
    paper = drawn(scene, "actor")
    assert "40%" in paper.lines and "Analysing the actor" in paper.text
    assert "motionfollower.actor_cancel" in [name for name, _ in paper.buttons]
    assert "analysing, 40%" in drawn(scene).lines
    with pytest.raises(Exception, match="being analysed already"):
        session.analyse(asked_of(to_shot(scene), scene))
    flow.stage, flow.error = AnalysisStage.FAILED, MFError("no-person", "Nobody was found.")
    assert "Nobody was found." in drawn(scene, "actor").text
    assert "Analyse Actor" in drawn(scene, "actor").lines


def test_looks_are_lines_to_click() -> None:
    from motionfollower_addon.panels.analysis import _draw_looks

    paper = Paper()
    looks = [Look(30, 33, "right hand carried"), *(Look(k, k, "black") for k in range(40, 49))]
    _draw_looks(paper, tuple(looks))
    assert paper.lines[:3] == [
        "Deserves a look:",
        "Frames 31-34: right hand carried",
        "Frame 41: black",
    ]
    assert paper.lines[-1] == "and 2 more"
    assert [(name, given.frame) for name, given in paper.buttons][:2] == [
        ("motionfollower.actor_look", 30),
        ("motionfollower.actor_look", 40),
    ]


def test_no_setting_is_called_like_the_switch_of_a_section() -> None:
    """Two settings of one name would be one: opening a section would switch something on."""
    from motionfollower_addon.properties import MF_PG_settings

    names = [name for group in MF_PG_settings.__mro__ for name in inspect.get_annotations(group)]
    assert len(names) > 50 and sorted(names) == sorted(set(names))
