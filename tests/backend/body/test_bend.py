"""A limb's own coordinates: what is straight in one picture and bent in another."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.body.surfaces.bend import Chain, locate, place_pixels

RADIUS = 9.0


def limb(turn: float, second: float = 0.0, start: tuple[float, float] = (60.0, 40.0)) -> Chain:
    """Three bones of 60, 50 and 20 pixels, bent by two angles in degrees."""
    angles = np.radians([70.0, 70.0 + turn, 70.0 + turn + second])
    steps = np.stack([np.cos(angles), np.sin(angles)], 1) * np.array([60.0, 50.0, 20.0])[:, None]
    points = np.concatenate([[start], np.array(start) + np.cumsum(steps, 0)])
    return Chain(points, np.full(4, RADIUS))


def grid() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pixels of a picture that holds every limb here."""
    x, y = np.meshgrid(np.arange(-60, 240, dtype=np.float32), np.arange(0, 240, dtype=np.float32))
    return x, y


@pytest.mark.parametrize("turn", [-120.0, -60.0, 0.0, 35.0, 100.0, 140.0])
def test_the_same_pose_maps_onto_itself(turn: float) -> None:
    chain = limb(turn, -turn / 3)
    x, y = grid()
    found = locate(place_pixels(chain, x, y), chain, chain, 1.0)
    near = np.abs(place_pixels(chain, x, y).side) < 1.3 * RADIUS
    away = np.hypot(found[..., 0] - x, found[..., 1] - y)[near]
    assert away.max() < 0.05


@pytest.mark.parametrize("turn", [-110.0, -80.0, 50.0, 110.0])
def test_a_bent_limb_keeps_the_straight_ones_width(turn: float) -> None:
    straight, bent = limb(0), limb(turn)
    x, y = grid()
    place = place_pixels(bent, x, y)
    found = locate(place, bent, straight, 1.0)
    # The straight limb as a bar: what of it shows, bent, is as wide all along.
    axis = straight.directions[0]
    side = (found - straight.points[0]) @ np.array([-axis[1], axis[0]])
    along = (found - straight.points[0]) @ axis
    inside = (np.abs(side) < RADIUS) & (along > 0) & (along < 130)
    corner = bent.points[1]
    for bone in (0, 1):
        direction = bent.directions[bone]
        normal = np.array([-direction[1], direction[0]])
        for share in (0.35, 0.5, 0.65):
            middle = bent.points[bone] + share * (bent.points[bone + 1] - bent.points[bone])
            line = middle + np.arange(-13, 13.25, 0.25)[:, None] * normal
            columns, rows = np.rint(line[:, 0] + 60).astype(int), np.rint(line[:, 1]).astype(int)
            width = 0.25 * inside[rows, columns].sum()
            assert abs(width - 2 * RADIUS) < 1.6, f"bone {bone} at {share}: {width}"
    # Outside the elbow it is round, not a wing: as far from the joint as it is wide.
    outer = -np.sign(turn) * (
        np.array([-bent.directions[0][1], bent.directions[0][0]])
        + np.array([-bent.directions[1][1], bent.directions[1][0]])
    )
    outer /= np.linalg.norm(outer)
    ray = corner + np.arange(0, 30, 0.25)[:, None] * outer
    columns, rows = np.rint(ray[:, 0] + 60).astype(int), np.rint(ray[:, 1]).astype(int)
    assert abs(0.25 * inside[rows, columns].sum() - RADIUS) < 1.2


def test_places_go_on_steadily_over_a_joint() -> None:
    straight, bent = limb(0), limb(95)
    x, y = grid()
    found = locate(place_pixels(bent, x, y), bent, straight, 1.0)
    near = np.abs(place_pixels(bent, x, y).side) < RADIUS - 1
    near[:, 1:] &= near[:, :-1]
    step = np.hypot(*(np.diff(found, axis=1)[near[:, 1:]].T))
    # At a half angle of 47 degrees an arc of 15 pixels shows some 14 of the straight limb.
    assert step.max() < 4.5


def test_the_other_sides_limb_is_taken_as_in_a_mirror() -> None:
    right = limb(60)
    mirrored = right.points * np.array([-1.0, 1.0]) + np.array([300.0, 0.0])
    left = Chain(mirrored, right.radii)
    x, y = grid()
    place = place_pixels(right, x, y)
    found = locate(place, right, left, 1.0, flip=True)
    near = np.abs(place.side) < RADIUS
    np.testing.assert_allclose(found[..., 0][near], 300 - x[near], atol=0.05)
    np.testing.assert_allclose(found[..., 1][near], y[near], atol=0.05)


def test_a_larger_picture_of_the_same_pose() -> None:
    chain = limb(80)
    larger = Chain(chain.points * 2, chain.radii * 2)
    x, y = grid()
    place = place_pixels(chain, x, y)
    found = locate(place, chain, larger, 2.0)
    near = np.abs(place.side) < RADIUS
    np.testing.assert_allclose(found[..., 0][near], 2 * x[near], atol=0.1)
    np.testing.assert_allclose(found[..., 1][near], 2 * y[near], atol=0.1)


def test_a_bone_that_points_at_the_camera_is_no_error() -> None:
    chain = limb(30)
    points = chain.points.copy()
    points[2] = points[1]
    x, y = grid()
    short = Chain(points, chain.radii)
    assert np.isfinite(locate(place_pixels(short, x, y), short, chain, 1.0)).all()
    assert np.isfinite(locate(place_pixels(chain, x, y), chain, short, 1.0)).all()
