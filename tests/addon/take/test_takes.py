"""Takes: one visible, one final, comparing, deleting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.addon.scenes import every_strip, strips


@pytest.fixture
def pair(with_takes: Callable[[int], Any]) -> tuple[Any, str, str]:
    """A scene with two takes, and their jobs' ids, the earlier first."""
    (first,) = ids(with_takes(1))
    scene = with_takes(2)
    (second,) = (job for job in ids(scene) if job != first)
    return scene, first, second


def ids(scene: Any) -> list[str]:
    """Job ids of all takes."""
    found = [strip.get("motionfollower_job") for strip in every_strip(scene)]
    return [job for job in found if job]


def take(scene: Any, job: str) -> Any:
    """The strip of a job."""
    for strip in every_strip(scene):
        if strip.get("motionfollower_job") == job:
            return strip
    raise AssertionError(f"no take {job}")


def test_showing_one_hides_the_other(pair: tuple[Any, str, str]) -> None:
    scene, one, two = pair
    assert take(scene, one).mute
    assert not take(scene, two).mute

    bpy.ops.motionfollower.take_show(job=one)
    assert not take(scene, one).mute
    assert take(scene, two).mute

    bpy.ops.motionfollower.take_show(job=one)
    assert take(scene, one).mute
    assert take(scene, two).mute


def test_takes_of_other_footage_stay_visible(pair: tuple[Any, str, str]) -> None:
    """Only takes of the same clip take each other's place."""
    scene, job, second = pair
    assert (take(scene, job).mute, take(scene, second).mute) == (True, False)

    record = json.loads(take(scene, second)["motionfollower"])
    record["report"]["reference"].update(path="/another/clip.mp4", sha256="1" * 64)
    take(scene, second)["motionfollower"] = json.dumps(record)
    bpy.ops.motionfollower.take_show(job=job)
    assert (take(scene, job).mute, take(scene, second).mute) == (False, False)


def test_one_is_final(pair: tuple[Any, str, str]) -> None:
    scene, one, two = pair
    bpy.ops.motionfollower.take_final(job=one)
    bpy.ops.motionfollower.take_final(job=two)

    assert [take(scene, job).lock for job in (one, two)] == [False, True]
    assert [take(scene, job).mute for job in (one, two)] == [True, False]


@pytest.mark.parametrize("mode", ["WIPE", "SIDE"])
def test_comparing_leaves_no_trace(pair: tuple[Any, str, str], mode: str) -> None:
    scene, one, _ = pair

    def picture() -> list[Any]:
        return [
            (s.name, s.channel, s.frame_final_start, s.transform.scale_x, s.crop.min_x)
            for s in strips(scene)
        ]

    bpy.ops.motionfollower.take_show(job=one)
    before = picture()
    bpy.ops.motionfollower.take_compare(job=one, mode=mode)
    assert picture() != before
    bpy.ops.motionfollower.take_compare(job=one, mode="OFF")
    assert picture() == before


def test_deleting_takes_the_files_only_when_asked(pair: tuple[Any, str, str]) -> None:
    scene, one, two = pair
    folders = [Path(json.loads(take(scene, job)["motionfollower"])["folder"]) for job in (one, two)]
    bpy.ops.motionfollower.take_delete(job=one, with_files=False)
    assert folders[0].is_dir()
    assert ids(scene) == [two]

    bpy.ops.motionfollower.take_delete(job=two, with_files=True)
    assert not folders[1].exists()
    assert not ids(scene)
    assert "footage" in strips(scene)


def test_another_jobs_folder_is_not_deleted(pair: tuple[Any, str, str]) -> None:
    scene, one, two = pair
    record = json.loads(take(scene, one)["motionfollower"])
    other = json.loads(take(scene, two)["motionfollower"])["folder"]
    record["folder"] = other
    take(scene, one)["motionfollower"] = json.dumps(record)

    with pytest.raises(RuntimeError, match="holds another job"):
        bpy.ops.motionfollower.take_delete(job=one, with_files=True)
    assert Path(other).is_dir()
    assert one in ids(scene)


def test_footage_that_was_never_read_has_no_colour_space_to_copy(scene: Any) -> None:
    """Blender finds a strip's colour space when it first reads the file."""
    from motionfollower_addon.host import compat

    owner = scene.sequence_editor
    read = next(item for item in compat.all_strips(owner) if item.type == "IMAGE")
    unread = compat.strips(owner).new_image(
        name="unread", filepath="//not there.png", channel=9, frame_start=1
    )
    assert unread.colorspace_settings.name == ""
    before = read.colorspace_settings.name
    compat.same_colorspace(read, unread)
    assert read.colorspace_settings.name == before
    compat.same_colorspace(unread, read)
    assert unread.colorspace_settings.name == before
