"""Places on the screen, against Blender's own projection and plain numbers."""

from __future__ import annotations

import math
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector

from mf_backend.skeleton.joints import JOINT_INDEX, LIMBS
from motionfollower_addon.core.rig.joints.compose import WorldPose
from motionfollower_addon.core.rig.joints.projection import Lens
from motionfollower_addon.core.view.skeleton_lines import (
    Rectangle,
    fit_inside,
    onto,
    seen_from,
    strokes,
)
from motionfollower_addon.host.compat import evaluated_depsgraph

REGION = (900, 500)


def person() -> Any:
    """World joints of a standing person without hands, [60, 3]."""
    joints = np.full((60, 3), np.nan)
    rng = np.random.default_rng(3)
    joints[:14] = rng.uniform((-0.5, -0.3, 0), (0.5, 0.3, 1.8), (14, 3))
    joints[14:18] = joints[0] + rng.uniform(-0.1, 0.1, (4, 3))
    return joints


def test_a_picture_lies_whole_and_centred_in_the_frame() -> None:
    frame = Rectangle(100, 50, 500, 350)
    assert fit_inside(frame, (400, 300)) == frame
    assert fit_inside(frame, (1600, 900)) == Rectangle(100, 87.5, 500, 312.5)
    tall = fit_inside(frame, (90, 160))
    assert (tall.bottom, tall.top) == (50, 350)
    assert tall.left + tall.right == 600 and math.isclose(tall.size[0], 300 * 9 / 16)


def test_pixels_of_a_picture_land_where_it_is_shown() -> None:
    place = Rectangle(10, 20, 110, 70)
    corners = np.array([(-0.5, -0.5), (199.5, 99.5), (0, 0), (np.nan, np.nan)])
    got = onto(corners, (200, 100), place)
    assert np.allclose(got[:2], [(10, 70), (110, 20)])
    assert np.allclose(got[2], (10.25, 69.75)) and np.isnan(got[3]).all()


@pytest.mark.parametrize("lens", list(Lens))
def test_a_free_view_agrees_with_blenders_own_projection(lens: Lens) -> None:
    joints = person()
    view = (Matrix.Rotation(0.5, 4, "Z") @ Matrix.Rotation(1.2, 4, "X")).inverted()
    view = Matrix.Translation((0.2, -0.8, -4)) @ view
    camera = bpy.data.cameras.new("Viewer")
    camera.type = str(lens.value)
    camera.ortho_scale = 3.0
    viewer = bpy.data.objects.new("Viewer", camera)
    bpy.context.scene.collection.objects.link(viewer)
    depsgraph = evaluated_depsgraph(bpy.context)
    window = viewer.calc_matrix_camera(depsgraph, x=REGION[0], y=REGION[1])
    bpy.data.objects.remove(viewer)
    got = seen_from(WorldPose(joints), np.array(window @ view), np.array(view), lens, REGION)
    neck = JOINT_INDEX["neck"]
    for index in (i for i in range(18) if i != neck):
        clip = window @ view @ Vector((*joints[index], 1))
        x, y = ((clip[axis] / clip[3] + 1) / 2 * REGION[axis] for axis in (0, 1))
        assert np.allclose(got[index], (x, y), atol=1e-3)
    assert np.allclose(got[neck], (got[2] + got[5]) / 2)
    assert np.isnan(got[18:]).all()


def test_what_is_behind_the_viewer_is_left_out() -> None:
    joints = person()
    joints[4] = (0, 0, 50)
    view = np.eye(4)
    view[2, 3] = -10
    perspective = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, -0.1], [0, 0, -1, 0.0]]) @ view
    got = seen_from(WorldPose(joints), perspective, view, Lens.PERSPECTIVE, REGION)
    assert np.isnan(got[4]).all() and np.isfinite(got[3]).all()


def test_a_face_from_behind_shows_no_nose() -> None:
    pose = WorldPose(person(), np.array([0, -1.0, 0]), np.array([1.0, 0, 0]))
    front = np.array(Matrix.Translation((0, 0, -5)) @ Matrix.Rotation(-math.pi / 2, 4, "X"))
    back = np.array(Matrix(front) @ Matrix.Rotation(math.pi, 4, "Z"))
    for view, seen in ((front, True), (back, False)):
        got = seen_from(pose, view, view, Lens.ORTHOGRAPHIC, REGION)
        assert np.isfinite(got[JOINT_INDEX["nose"]]).all() == seen
        assert np.isfinite(got[JOINT_INDEX["right_ear"]]).all()


def test_strokes_leave_out_what_is_absent_and_keep_their_width_readable() -> None:
    points = np.full((60, 2), np.nan)
    points[:18] = np.arange(36).reshape(18, 2)
    whole = strokes(points, 0.75)
    assert whole.limbs.shape == (2 * len(LIMBS), 3) and whole.limb_width == 6.0
    assert not len(whole.hands) and len(whole.discs) == len(whole.disc_colours)
    points[3] = np.nan
    less = strokes(points, 20.0, (1, 1, 1, 0.5))
    assert less.limbs.shape == (2 * (len(LIMBS) - 2), 3) and less.limb_width <= 10
    assert (less.limb_colours == np.float32((1, 1, 1, 0.5))).all()
    # The colours of later skeletons are not touched by that.
    assert len(np.unique(strokes(points).limb_colours, axis=0)) > 10
    assert strokes(points, 0.01).limb_width == 2.0
    points[18:] = 5
    assert len(strokes(points).hands) == 2 * 40
