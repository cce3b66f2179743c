"""The projection against Blender's own, for every kind of camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mf_backend.contracts.errors import InputError
from motionfollower_addon.core.rig.joints.projection import project
from motionfollower_addon.host.compat import evaluated_depsgraph
from motionfollower_addon.host.rig.camera import aspect_warning, pixel_aspect, read_camera

from .scenes import add_camera, look_at


def blender_pixels(
    scene: Any, camera: Any, points: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """The same by `world_to_camera_view`, which works on the scene's own resolution."""
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    seen = np.array([world_to_camera_view(scene, camera, Vector(point)) for point in points])
    return np.stack([seen[:, 0] * size[0] - 0.5, (1 - seen[:, 1]) * size[1] - 0.5], axis=1)


CASES: list[dict[str, Any]] = [
    {},
    {"shift_x": 0.21, "shift_y": -0.13},
    {"type": "ORTHO", "ortho_scale": 5.3},
    {"type": "ORTHO", "ortho_scale": 4.0, "shift_x": -0.3, "shift_y": 0.2},
    {"sensor_fit": "VERTICAL", "sensor_height": 19.0},
    {"sensor_fit": "HORIZONTAL", "sensor_width": 23.0, "shift_y": 0.1},
    {"lens": 18.0, "sensor_width": 22.3, "sensor_height": 14.9},
]


@pytest.mark.parametrize("settings", CASES)
@pytest.mark.parametrize("size", [(512, 512), (1920, 1080), (720, 1281)])
@pytest.mark.parametrize("aspect", [(1.0, 1.0), (1.0, 1.4587), (1.5, 1.0)])
def test_agrees_with_blender(
    empty_file: Any, settings: dict[str, Any], size: tuple[int, int], aspect: tuple[float, float]
) -> None:
    bpy = empty_file
    scene = bpy.context.scene
    camera = add_camera(bpy)
    camera.scale = (2.0, 2.0, 2.0)
    for name, value in settings.items():
        setattr(camera.data, name, value)
    look_at(camera, (0, 0, 1), 6.0, 0.7, 0.3)
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = aspect
    depsgraph = evaluated_depsgraph(bpy.context)
    points = np.random.default_rng(1).uniform((-1, -1, 0), (1, 1, 2), (40, 3))
    # Blender's helper counts the camera's scale in; renders do not.
    camera.scale = (1.0, 1.0, 1.0)
    bpy.context.view_layer.update()
    expected = blender_pixels(scene, camera, points, size)
    camera.scale = (2.0, 2.0, 2.0)
    bpy.context.view_layer.update()
    ours, in_front = project(points, read_camera(camera, depsgraph), size, pixel_aspect(scene))
    assert in_front.all()
    assert np.abs(ours - expected).max() < 0.01


def test_focal_length_is_read_at_each_frame(empty_file: Any) -> None:
    bpy = empty_file
    scene, camera = bpy.context.scene, add_camera(bpy)
    for frame, lens in ((1, 20.0), (11, 120.0)):
        camera.data.lens = lens
        camera.data.keyframe_insert("lens", frame=frame)
    lengths = []
    for frame in (1, 6, 11):
        scene.frame_set(frame)
        lengths.append(read_camera(camera, scene.view_layers[0].depsgraph).focal_length)
    assert lengths[0] == pytest.approx(20)
    assert 20 < lengths[1] < 120
    assert lengths[2] == pytest.approx(120)


def test_points_behind_are_absent(empty_file: Any) -> None:
    bpy = empty_file
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 0), 5.0, 0.0, 0.0)
    for kind in ("PERSP", "ORTHO"):
        camera.data.type = kind
        view = read_camera(camera, evaluated_depsgraph(bpy.context))
        bpy.context.view_layer.update()
        pixels, in_front = project(np.array([[0, 0, 0], [0, -9.0, 0]]), view, (100, 100))
        assert in_front.tolist() == [True, False]
        assert np.isfinite(pixels[0]).all()
        assert np.isnan(pixels[1]).all()


def test_a_panoramic_camera_is_refused(empty_file: Any) -> None:
    bpy = empty_file
    camera = add_camera(bpy)
    camera.data.type = "PANO"
    with pytest.raises(InputError, match="panoramic"):
        read_camera(camera, evaluated_depsgraph(bpy.context))


def test_another_shape_of_the_scene_is_said(empty_file: Any) -> None:
    scene = empty_file.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    assert aspect_warning(scene, (960, 540)) == ""
    assert "1920 x 1080" in aspect_warning(scene, (512, 512))
