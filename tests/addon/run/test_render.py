"""Render from one end to the other: operator, backend process, preview engine, strip."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
import pytest

from mf_backend.contracts.request import ClipKind
from motionfollower_addon.core.backend.state import ClipFacts
from motionfollower_addon.core.job.shot import Shot
from motionfollower_addon.host import compat, options
from motionfollower_addon.host.footage.source import Footage, used_span
from tests.addon.movies import write_movie
from tests.addon.scenes import (
    SIZE,
    add_action,
    add_camera,
    add_footage,
    add_rig,
    every_strip,
    strips,
)


def take_of(scene: Any) -> Any:
    """The one visible result strip."""
    found = [
        strip for strip in every_strip(scene) if "motionfollower_job" in strip and not strip.mute
    ]
    assert len(found) == 1
    return found[0]


def shown(strip: Any) -> tuple[int, int]:
    """(start, length) on the timeline."""
    return (strip.frame_final_start, strip.frame_final_duration)


def test_the_take_lies_exactly_over_the_footage(scene: Any, odd_path: Path) -> None:
    compat.new_color(scene.sequence_editor, "above", channel=3, begin=12, frames=2)
    before = (scene.render.fps, scene.view_settings.view_transform, scene.frame_current)
    names_before = [strip.name for strip in strips(scene)]

    assert bpy.ops.motionfollower.render() == {"FINISHED"}

    take, footage = take_of(scene), strips(scene)["footage"]
    assert shown(take) == shown(footage) == (10, 6)
    assert take.channel == 4, "channel 3 is taken by another strip"
    assert take.type == "IMAGE"
    assert [strip.name for strip in strips(scene) if strip != take] == names_before
    assert before == (
        scene.render.fps,
        scene.view_settings.view_transform,
        scene.frame_current,
    )
    record = json.loads(take["motionfollower"])
    folder = Path(record["folder"])
    assert folder.parent == odd_path / "motionfollower"
    assert record["report"] == json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert record["job"] == take["motionfollower_job"]
    request = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    assert request["about"]["action"] == "Wäve"
    assert request["reference"]["count"] == 6
    assert len(list((folder / "inputs/target_poses").iterdir())) == 6


@pytest.mark.once("the backend's pixels")
def test_the_frames_are_the_footage_with_the_actor_moved(scene: Any, odd_path: Path) -> None:
    bpy.ops.motionfollower.render()

    folder = Path(json.loads(take_of(scene)["motionfollower"])["folder"])
    changed = 0
    for index in range(6):
        data = np.fromfile(folder / f"outputs/frames/{index + 1:06d}.png", np.uint8)
        result = cv2.imdecode(data, cv2.IMREAD_COLOR)
        clip = odd_path / f"footage/clip/frame_{index:04d}.png"
        source = cv2.imdecode(np.fromfile(clip, np.uint8), cv2.IMREAD_COLOR)
        assert result.shape == source.shape == (SIZE[1], SIZE[0], 3)
        changed += int((result != source).any(axis=-1).sum())
        assert (result == source).all(axis=-1).mean() > 0.2, "the wall stays"
    assert changed > 500, "the actor moved"


def test_a_bare_path_brings_its_footage_along(scene: Any, odd_path: Path) -> None:
    strips(scene).remove(strips(scene)["footage"])
    movie = write_movie(odd_path / "clïp 1.mp4", odd_path / "footage/clip", 24, sound=True)
    scene.motionfollower.source = "FILE"
    scene.motionfollower.clip = str(movie)
    scene.frame_start = 5

    bpy.ops.motionfollower.render()

    take = take_of(scene)
    by_type = {strip.type: strip for strip in strips(scene)}
    assert shown(by_type["MOVIE"]) == shown(take) == (5, 6)
    if bpy.app.build_options.audaspace:
        assert by_type["SOUND"].frame_final_start == 5
    assert take.channel == by_type["MOVIE"].channel + 1
    folder = Path(json.loads(take["motionfollower"])["folder"])
    import av

    with av.open(str(folder / "outputs/result.mp4")) as result:
        assert result.streams.audio
        assert result.streams.video[0].average_rate == 24


def test_a_second_take_of_a_path_uses_the_same_footage(scene: Any, odd_path: Path) -> None:
    strips(scene).remove(strips(scene)["footage"])
    scene.motionfollower.source = "FILE"
    scene.motionfollower.clip = str(odd_path / "footage/clip")

    bpy.ops.motionfollower.render()
    first = take_of(scene).name
    bpy.ops.motionfollower.render()

    images = [strip for strip in strips(scene) if "motionfollower_job" not in strip]
    assert len(images) == 1
    takes = [strip for strip in strips(scene) if "motionfollower_job" in strip]
    assert {strip.mute for strip in takes} == {True, False}
    assert strips(scene)[first].mute


def test_only_the_visible_part_of_a_trimmed_strip_is_used(scene: Any) -> None:
    footage = strips(scene)["footage"]
    footage.frame_offset_start, footage.frame_offset_end = 2, 1

    bpy.ops.motionfollower.render()

    take = take_of(scene)
    assert shown(take) == shown(footage) == (12, 3)
    folder = Path(json.loads(take["motionfollower"])["folder"])
    reference = json.loads((folder / "job.json").read_text(encoding="utf-8"))["reference"]
    assert (reference["first"], reference["count"]) == (2, 3)


def test_a_take_looks_like_the_footage_it_covers(scene: Any) -> None:
    footage = strips(scene)["footage"]
    footage.transform.scale_x, footage.transform.offset_y = 0.5, 7.0
    footage.crop.min_x = 4
    footage.colorspace_settings.name = "Non-Color"

    bpy.ops.motionfollower.render()

    take = take_of(scene)
    assert take.transform.scale_x == pytest.approx(0.5)
    assert take.transform.offset_y == pytest.approx(7.0)
    assert take.crop.min_x == 4
    assert take.colorspace_settings.name == "Non-Color"


def test_footage_inside_a_meta_strip(scene: Any, odd_path: Path) -> None:
    footage = strips(scene)["footage"]
    meta = strips(scene).new_meta(name="meta", channel=5, frame_start=1)
    footage.move_to_meta(meta)

    bpy.ops.motionfollower.render()

    take = take_of(scene)
    inside = meta.strips if hasattr(meta, "strips") else meta.sequences
    assert take.name in inside
    assert shown(take) == (10, 6)


def test_a_shorter_motion_gives_a_shorter_take_and_says_so(scene: Any) -> None:
    bpy.data.actions["Wäve"].use_frame_range = True
    bpy.data.actions["Wäve"].frame_start, bpy.data.actions["Wäve"].frame_end = 1, 4

    bpy.ops.motionfollower.render()

    take = take_of(scene)
    assert shown(take) == (10, 4)
    folder = Path(json.loads(take["motionfollower"])["folder"])
    about = json.loads((folder / "job.json").read_text(encoding="utf-8"))["about"]
    assert "trimmed" in about["statement"]


def test_an_unsaved_file_keeps_its_jobs_in_the_chosen_folder(scene: Any, odd_path: Path) -> None:
    material = odd_path / "footage"
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    made = bpy.context.scene
    add_action(add_rig(made), "Wäve", 6)
    add_camera(made)
    add_footage(made, material / "clip", start=1)
    made.motionfollower.source_masks = str(material / "masks")
    made.motionfollower.source_joints = str(material / "joints.npz")

    bpy.ops.motionfollower.render()

    folder = Path(json.loads(take_of(made)["motionfollower"])["folder"])
    assert folder.parent == options.user_folder("jobs")


@pytest.mark.once("names of folders")
def test_a_new_run_never_touches_an_existing_folder(scene: Any, odd_path: Path) -> None:
    bpy.ops.motionfollower.render()
    first = Path(json.loads(take_of(scene)["motionfollower"])["folder"])
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file()}
    (odd_path / "motionfollower" / first.name.replace("-001", "-002")).mkdir()

    bpy.ops.motionfollower.render()

    second = Path(json.loads(take_of(scene)["motionfollower"])["folder"])
    assert second.name == first.name.replace("-001", "-003")
    after = {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file()}
    assert before == after


def test_the_sequencer_plays_the_take(scene: Any, odd_path: Path) -> None:
    bpy.ops.motionfollower.render()
    scene.view_settings.view_transform = "Standard"
    scene.render.filepath = str(odd_path / "played.png")
    scene.frame_set(12)

    bpy.ops.render.render(write_still=True)

    folder = Path(json.loads(take_of(scene)["motionfollower"])["folder"])
    pictures = [
        cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR).astype(int)
        for path in (odd_path / "played.png", folder / "outputs/frames/000003.png")
    ]
    assert pictures[0].shape == pictures[1].shape
    assert abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize(
    ("footage", "expected"),
    [
        # As Blender 4.3 and 5.2 tell of a 48-frame clip of 25 frames a second in a scene of 24:
        # the strip plays it at its own speed in 46 scene frames.
        ({"length": 46, "content": 46}, (0, 48, 25 / 24)),
        ({"length": 36, "content": 46, "offset": 10}, (10, 38, 25 / 24)),
        # The same clip added by a script plays frame by frame.
        ({"length": 48, "content": 48}, (0, 48, 1.0)),
        ({"length": 20, "content": 48, "offset": 8}, (8, 20, 1.0)),
        ({"length": 20, "content": 40, "offset": 8, "trim": 8}, (16, 20, 1.0)),
    ],
)
def test_a_strip_that_plays_at_its_own_speed(
    footage: dict[str, int], expected: tuple[int, int, float]
) -> None:
    facts = ClipFacts(ClipKind.VIDEO, 96, 128, Fraction(25), 48, False, False, 0, ())
    found = used_span(Footage(Path("clip.mp4"), strip="clip", **footage), facts, Shot(), 24.0)
    assert (found.first, found.count, found.rate) == expected
