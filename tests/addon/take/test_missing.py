"""Takes whose pictures are gone: hidden before they are drawn, and joined with them again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.addon.scenes import every_strip
from tests.addon.take.test_takes import ids, take

_MISSING = "motionfollower_missing"


@pytest.fixture
def made(with_takes: Callable[[int], Any]) -> tuple[Path, str]:
    """A saved file with one take that is shown and coloured: its path and the job's id."""
    scene = with_takes(1)
    (job,) = ids(scene)
    take(scene, job).color_tag = "COLOR_05"
    bpy.ops.wm.save_mainfile()
    return Path(bpy.data.filepath), job


def opened(file: Path) -> Any:
    """The scene of a file that is opened now."""
    bpy.ops.wm.open_mainfile(filepath=str(file))
    return bpy.context.scene


def seen(strip: Any) -> tuple[bool, str, bool]:
    """Muted, colour, marked."""
    return strip.mute, strip.color_tag, strip.get(_MISSING) is not None


def folder_of(strip: Any) -> Path:
    """The folder of a take's job, as it is written down."""
    return Path(json.loads(strip["motionfollower"])["folder"])


def sizes(scene: Any) -> set[tuple[int, int]]:
    """Sizes of pictures that our strips know."""
    return {
        (item.orig_width, item.orig_height)
        for strip in every_strip(scene)
        if strip.get("motionfollower_job") or strip.get("motionfollower_helper")
        for item in getattr(strip, "elements", ())
    }


def test_no_picture_has_a_size_by_chance(made: tuple[Path, str], session: Any) -> None:
    """Blender draws a picture that is gone at the size that it knows of it, whatever that is."""
    scene, job = bpy.context.scene, made[1]
    assert len(take(scene, job).elements) > 1
    assert sizes(scene) == {(0, 0)}
    bpy.ops.motionfollower.take_compare(job=job, mode="SIDE")
    # Footage that was added by hand knows its own.
    assert sizes(scene) == {(0, 0)}


def test_a_take_without_pictures_is_hidden_until_they_are_back(made: tuple[Path, str]) -> None:
    file, job = made
    folder = folder_of(take(bpy.context.scene, job))
    away = folder.with_name("ànother place")
    folder.rename(away)
    strip = take(opened(file), job)
    assert seen(strip) == (True, "COLOR_01", True)

    with pytest.raises(RuntimeError, match=r"are not in .*Press Relink Take"):
        bpy.ops.motionfollower.take_show(job=job)
    assert strip.mute

    # Saved while it is hidden, and found later.
    bpy.ops.wm.save_mainfile()
    away.rename(folder)
    assert seen(take(opened(file), job)) == (False, "COLOR_05", False)


def test_one_lost_picture_is_enough(made: tuple[Path, str]) -> None:
    file, job = made
    strip = take(bpy.context.scene, job)
    (folder_of(strip) / "outputs" / "frames" / strip.elements[-1].filename).unlink()
    assert seen(take(opened(file), job))[::2] == (True, True)


def test_relinking_finds_a_folder_that_was_renamed(made: tuple[Path, str]) -> None:
    file, job = made
    folder = folder_of(take(bpy.context.scene, job))
    away = folder.rename(folder.with_name("ànother name"))
    scene = opened(file)
    bpy.ops.motionfollower.take_relink()
    strip = take(scene, job)
    assert seen(strip) == (False, "COLOR_05", False)
    assert folder_of(strip) == away
    assert Path(bpy.path.abspath(strip.directory)) == away / "outputs" / "frames"
    # It is whole again: deleting it with its files finds them, too.
    bpy.ops.motionfollower.take_delete(job=job, with_files=True)
    assert not away.exists()


@pytest.mark.parametrize("points_at", [".", "outputs/frames", ".."])
def test_relinking_with_a_chosen_folder(
    made: tuple[Path, str], tmp_path: Path, points_at: str
) -> None:
    file, job = made
    folder = folder_of(take(bpy.context.scene, job))
    away = tmp_path / "elsewhere" / folder.name
    away.parent.mkdir()
    shutil.move(folder, away)
    scene = opened(file)
    with pytest.raises(RuntimeError, match="is not beside this file"):
        bpy.ops.motionfollower.take_relink(job=job)
    bpy.ops.motionfollower.take_relink(job=job, directory=str((away / points_at).resolve()))
    assert seen(take(scene, job)) == (False, "COLOR_05", False)


def test_a_copied_file_finds_its_take_where_it_was(made: tuple[Path, str], tmp_path: Path) -> None:
    file, job = made
    copy = tmp_path / "copy" / file.name
    copy.parent.mkdir()
    shutil.copy(file, copy)
    strip = take(opened(copy), job)
    if seen(strip)[2]:  # Where paths are kept relative to the file.
        bpy.ops.motionfollower.take_relink()
    assert seen(strip) == (False, "COLOR_05", False)


def test_another_job_or_another_result_is_not_taken(made: tuple[Path, str], tmp_path: Path) -> None:
    file, job = made
    folder = folder_of(take(bpy.context.scene, job))
    away = tmp_path / folder.name
    shutil.move(folder, away)
    scene = opened(file)

    request = json.loads((away / "job.json").read_text())
    (away / "job.json").write_text(json.dumps({**request, "id": "another"}))
    with pytest.raises(RuntimeError, match="is not in"):
        bpy.ops.motionfollower.take_relink(job=job, directory=str(away))

    (away / "job.json").write_text(json.dumps(request))
    report = json.loads((away / "report.json").read_text())
    report["outputs"]["mp4_sha256"] = "0" * 64
    (away / "report.json").write_text(json.dumps(report))
    with pytest.raises(RuntimeError, match="was rendered anew"):
        bpy.ops.motionfollower.take_relink(job=job, directory=str(away))
    assert seen(take(scene, job))[::2] == (True, True)


def test_the_wipe_stays_in_the_frame(made: tuple[Path, str], session: Any) -> None:
    """Footage that was scaled up or moved is wiped over the part of it that is seen."""
    scene, job = bpy.context.scene, made[1]
    strip = take(scene, job)
    strip.transform.scale_x = 4.0
    strip.transform.offset_x = 30.0
    width = scene.render.resolution_x  # also the take's own
    settings = scene.motionfollower
    bpy.ops.motionfollower.take_compare(job=job, mode="WIPE")
    for percent, column in ((50.0, 0.5), (0.0, 0.0), (100.0, 1.0)):
        settings.wipe = percent
        x = (strip.crop.min_x - width / 2) * 4.0 + 30.0 + width / 2
        assert abs(x - column * width) <= 4.0, percent
    bpy.ops.motionfollower.take_compare(job=job, mode="OFF")
    assert strip.crop.min_x == 0
    settings.wipe = 10.0
    assert strip.crop.min_x == 0


def test_footage_from_a_file_fills_the_frame_and_the_take_lies_over_it(
    scene: Any, odd_path: Path
) -> None:
    """A clip of 96 by 128 in a frame of 480 by 360 comes in as high as the frame."""
    scene.render.resolution_x, scene.render.resolution_y = 480, 360
    for strip in list(every_strip(scene)):
        editor = scene.sequence_editor
        (editor.strips if hasattr(editor, "strips") else editor.sequences).remove(strip)
    scene.motionfollower.source = "FILE"
    scene.motionfollower.clip = str(odd_path / "footage" / "clip")
    bpy.ops.motionfollower.render()
    scales = [(s.transform.scale_x, s.transform.scale_y) for s in every_strip(scene)]
    assert scales == [(360 / 128, 360 / 128)] * 2
