"""Footage behind the rig, the fitted job and single frames, through the real backend."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.movies import write_movie


def sequence_shown(scene: Any) -> str:
    """Name of the file that the camera's background shows at the scene's frame."""
    (item,) = [i for i in scene.camera.data.background_images if i.image.name != "Own"]
    return Path(item.image.filepath_from_user(image_user=item.image_user)).name


def test_footage_behind_the_rig_follows_the_motion(scene: Any) -> None:
    camera = scene.camera.data
    camera.background_images.new().image = bpy.data.images.new("Own", 4, 4)
    camera.show_background_images = False
    scene.motionfollower.first = 1
    assert bpy.ops.motionfollower.backdrop() == {"FINISHED"}
    item = camera.background_images[1]
    assert camera.show_background_images and item.frame_method == "FIT"
    # The action begins at frame 1, where the rig has the pose of the first frame used.
    user = item.image_user
    assert (user.frame_start, user.frame_offset, user.frame_duration) == (1, 0, 5)
    for frame, name in ((1, "frame_0001.png"), (4, "frame_0004.png")):
        scene.frame_set(frame)
        assert sequence_shown(scene) == name
    assert bpy.ops.motionfollower.backdrop() == {"FINISHED"}
    assert [i.image.name for i in camera.background_images] == ["Own"]
    assert not camera.show_background_images
    assert "MotionFollower footage" not in bpy.data.images


def test_a_movie_and_what_cannot_be_shown(scene: Any, odd_path: Path) -> None:
    movie = write_movie(odd_path / "cl ip ü.mp4", odd_path / "footage" / "clip", 12, False)
    settings = scene.motionfollower
    settings.source, settings.clip = "FILE", str(movie)
    assert bpy.ops.motionfollower.backdrop() == {"FINISHED"}
    (item,) = scene.camera.data.background_images
    assert item.image.source == "MOVIE" and item.image_user.frame_duration == 6
    assert bpy.ops.motionfollower.backdrop() == {"FINISHED"}
    settings.clip = str(odd_path / "none.mp4")
    with pytest.raises(RuntimeError, match=r"none\.mp4"):
        bpy.ops.motionfollower.backdrop()
    scene.camera = None
    bpy.data.objects.remove(bpy.data.objects["Camera"])
    with pytest.raises(RuntimeError, match="no camera"):
        bpy.ops.motionfollower.backdrop()


def test_fit_and_one_frame_of_the_latest_job(scene: Any) -> None:
    from motionfollower_addon.host.run.session import current
    from motionfollower_addon.host.view import fit

    assert fit.fitted(scene) is None
    assert fit.words(scene).startswith("Nothing is fitted yet")
    with pytest.raises(RuntimeError, match="Render once with the preview engine"):
        bpy.ops.motionfollower.one_frame()

    flow = current().make_flow(_shot(scene))
    flow.run()
    assert flow.error is None
    fit.forget()
    job = fit.fitted(scene)
    assert job is not None and job.masked and job.folder == flow.folder
    assert job.frames == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    with np.load(job.folder / "work/conditions/joints.npz") as data:
        assert np.array_equal(job.conditions.source_joints, data["source"], equal_nan=True)
    assert [job.index_at(f) for f in (0.4, 1, 3.4, 6, 7)] == [None, 0, 2, 5, None]

    scene.frame_set(4)
    assert fit.words(scene).endswith("frame 4 of 6")
    begun = time.monotonic()
    assert bpy.ops.motionfollower.one_frame() == {"FINISHED"}
    print(f"one frame at 96x128 from click to image: {time.monotonic() - begun:.2f} s")
    image = bpy.data.images["MotionFollower frame"]
    assert tuple(image.size) == (96, 128)
    assert Path(bpy.path.abspath(image.filepath)).name == "000004.png"
    first = np.array(image.pixels[:])
    scene.frame_set(2)
    assert bpy.ops.motionfollower.one_frame() == {"FINISHED"}
    assert not np.array_equal(first, np.array(image.pixels[:]))
    assert [i.name for i in bpy.data.images if "MotionFollower" in i.name] == [image.name]

    scene.frame_set(40)
    assert "nothing at this frame" in fit.words(scene)
    with pytest.raises(RuntimeError, match="from frame 1 to 6"):
        bpy.ops.motionfollower.one_frame()
    # Another scene of the same file knows nothing of it.
    assert fit.fitted(bpy.data.scenes.new("Other")) is None


def _shot(scene: Any) -> Any:
    from motionfollower_addon.host.panel_shot import to_shot

    return to_shot(scene)
