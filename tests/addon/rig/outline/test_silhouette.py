"""The outline of polygons against OpenCV's filling, at a far finer size."""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np
import pytest

from motionfollower_addon.core.rig.joints.projection import (
    Camera,
    Lens,
    SensorFit,
    pixel_rows,
    project,
)
from motionfollower_addon.core.rig.outline.silhouette import (
    Part,
    Topology,
    fill,
    shrink_rows,
    working_size,
)

pytestmark = pytest.mark.once("shapes as numbers, without Blender")

FINE = 9


def topology(polygons: list[Any], vertices: int) -> Topology:
    counts = [len(polygon) for polygon in polygons]
    starts = (np.cumsum(counts) - counts).astype(np.int32)
    return Topology(np.concatenate(polygons).astype(np.int32), starts, vertices)


def agrees(
    ours: np.ndarray,
    pixels: np.ndarray,
    in_front: np.ndarray,
    polygons: list[Any],
    bent: bool = False,
) -> float:
    """IoU with OpenCV's filling at `FINE` times the size, looked up at the pixels' centres.

    Fails for a pixel that is wrong though its centre is further than 2 / `FINE` from every edge. A
    quadrangle of a bent surface may cover what two triangles of it do.
    """
    height, width = ours.shape
    large, most, least = (np.zeros((height * FINE, width * FINE), np.uint8) for _ in range(3))
    near = np.ones((5, 5), np.uint8)
    places = np.clip(np.nan_to_num(((pixels + 0.5) * FINE - 0.5) * 16), -1e6, 1e6)
    for polygon in polygons:
        if not in_front[polygon].all():
            continue
        corners = places[polygon].round().astype(np.int32)
        cv2.fillPoly(large, [corners], 1, cv2.LINE_8, 4)
        if not bent:
            # OpenCV draws edges, too, which closes small gaps between polygons.
            alone = cv2.fillPoly(np.zeros_like(large), [corners], 1, cv2.LINE_8, 4)
            least |= cv2.erode(alone, near)
        elif len(polygon) == 4:
            for three in ([0, 1, 2], [0, 2, 3]):
                cv2.fillPoly(most, [corners[three]], 1, cv2.LINE_8, 4)
    least = cv2.erode(large, near) if bent else least
    most = cv2.dilate(large | most, near)
    inner, outer = (drawn[FINE // 2 :: FINE, FINE // 2 :: FINE] > 0 for drawn in (least, most))
    assert ours[inner].all()
    assert not ours[~outer].any()
    theirs = large[FINE // 2 :: FINE, FINE // 2 :: FINE] > 0
    assert 0.01 < theirs.mean() < 0.99
    return overlap(ours, theirs)


def overlap(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float((ours & theirs).sum() / max(1, (ours | theirs).sum()))


def random_polygons(random: np.random.Generator, count: int) -> tuple[np.ndarray, list[Any]]:
    """Flat polygons of 3 to 7 corners, half of them star-shaped, in all directions."""
    places: list[np.ndarray] = []
    polygons = []
    for _ in range(count):
        corners = int(random.integers(3, 8))
        angles = (np.arange(corners) + random.uniform(0, 0.8, corners)) * 2 * np.pi / corners
        radii = random.uniform(0.1, 0.5, corners)
        flat = np.stack([np.cos(angles) * radii, np.sin(angles) * radii, np.zeros(corners)], 1)
        axes, _ = np.linalg.qr(random.normal(size=(3, 3)))
        begin = sum(len(item) for item in places)
        places.append(flat @ axes + random.uniform(-1, 1, 3))
        order = list(range(begin, begin + corners))
        polygons.append(np.array(order[:: int(random.choice((-1, 1)))]))
    return np.concatenate(places), polygons


def random_camera(random: np.random.Generator, **settings: Any) -> Camera:
    axes, _ = np.linalg.qr(random.normal(size=(3, 3)))
    axes *= np.sign(np.linalg.det(axes))
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[2, 3] = -random.uniform(3, 5)
    return Camera(matrix, **settings)


CAMERAS: list[dict[str, Any]] = [
    {},
    {"lens": Lens.ORTHOGRAPHIC, "ortho_scale": 4.0, "shift_x": 0.1},
    {"focal_length": 24.0, "shift_x": -0.2, "shift_y": 0.15},
    {"sensor_fit": SensorFit.VERTICAL, "sensor_height": 30.0},
]


@pytest.mark.parametrize("settings", CAMERAS)
@pytest.mark.parametrize("size", [(320, 240), (211, 333)])
@pytest.mark.parametrize("seed", range(3))
def test_random_polygons(settings: dict[str, Any], size: tuple[int, int], seed: int) -> None:
    random = np.random.default_rng(seed)
    places, polygons = random_polygons(random, 25)
    camera = random_camera(random, **settings)
    aspect = (1.0, 1.3)
    pixels, in_front = project(places, camera, size, aspect)
    flat = camera.lens is Lens.ORTHOGRAPHIC
    part = Part(
        topology(polygons, len(places)),
        places.astype(np.float32),
        pixel_rows(camera, size, aspect),
    )
    ours = fill([part], size, flat)
    assert agrees(ours, pixels, in_front, polygons) > 0.975


def sphere(rings: int, around: int, bumps: float) -> tuple[np.ndarray, list[Any]]:
    """A closed, bumpy surface of quadrangles with triangles at its poles."""
    polar, turn = np.meshgrid(
        np.linspace(0, np.pi, rings + 2)[1:-1],
        np.linspace(0, 2 * np.pi, around, endpoint=False),
        indexing="ij",
    )
    radius = 1 + bumps * np.sin(3 * turn) * np.sin(4 * polar)
    body = np.stack(
        [np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], axis=-1
    )
    places = np.concatenate([(body * radius[..., None]).reshape(-1, 3), [[0, 0, 1], [0, 0, -1]]])
    ring = np.arange(around)
    beside = (ring + 1) % around
    polygons = [
        np.array([row * around + a, row * around + b, (row + 1) * around + b,
                  (row + 1) * around + a])
        for row in range(rings - 1) for a, b in zip(ring, beside, strict=True)
    ]  # fmt: skip
    last = (rings - 1) * around
    polygons += [np.array([len(places) - 2, a, b]) for a, b in zip(beside, ring, strict=True)]
    polygons += [
        np.array([len(places) - 1, last + a, last + b]) for a, b in zip(ring, beside, strict=True)
    ]
    return places, polygons


@pytest.mark.parametrize("seed", range(4))
def test_a_closed_surface_has_no_holes(seed: int) -> None:
    random = np.random.default_rng(seed)
    places, polygons = sphere(40, 60, 0.3)
    camera = random_camera(random)
    size = (400, 300)
    pixels, in_front = project(places, camera, size)
    part = Part(
        topology(polygons, len(places)), places.astype(np.float32), pixel_rows(camera, size)
    )
    ours = fill([part], size)
    assert agrees(ours, pixels, in_front, polygons, bent=True) > 0.995
    _, labels = cv2.connectedComponents((~ours).astype(np.uint8))
    around = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    assert set(np.unique(labels)) <= {0, *around}, "a hole inside"


def test_shared_edges_cancel_but_open_ones_do_not() -> None:
    """Half a sphere seen from inside and outside covers the same as its polygons one by one."""
    places, polygons = sphere(30, 40, 0.2)
    half = [polygon for polygon in polygons if places[polygon][:, 0].mean() > 0]
    camera = random_camera(np.random.default_rng(8))
    size = (320, 240)
    rows = pixel_rows(camera, size)
    together = fill([Part(topology(half, len(places)), places.astype(np.float32), rows)], size)
    apart = np.zeros_like(together)
    for polygon in half:
        apart |= fill(
            [
                Part(
                    topology([np.arange(len(polygon))], len(polygon)),
                    places[polygon].astype(np.float32),
                    rows,
                )
            ],
            size,
        )
    assert apart.mean() > 0.02
    assert (together != apart).sum() <= 2


def test_polygons_behind_the_camera_are_left_out() -> None:
    places, polygons = sphere(20, 30, 0.0)
    matrix = np.eye(4)
    matrix[2, 3] = -0.5
    camera = Camera(matrix)
    size = (200, 200)
    polygons = [polygon for polygon in polygons if places[polygon, 0].mean() > 0.2]
    pixels, in_front = project(places, camera, size)
    assert 0 < in_front.sum() < len(in_front)
    part = Part(
        topology(polygons, len(places)), places.astype(np.float32), pixel_rows(camera, size)
    )
    ours = fill([part], size)
    assert agrees(ours, pixels, in_front, polygons, bent=True) > 0.99
    matrix[2, 3] = 5.0
    gone = Part(part.topology, part.places, pixel_rows(Camera(matrix), size))
    assert not fill([gone], size).any()


def test_a_square_covers_just_the_pixels_whose_centres_it_holds() -> None:
    size = (12, 10)
    places = np.array([[2, 3, 0], [7.5, 3, 0], [7.5, 6.25, 0], [2, 6.25, 0]], np.float32)
    rows = np.eye(3, 4)
    rows[2] = (0, 0, 0, 1)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0]):
        mask = fill([Part(topology([np.array(order)], 4), places, rows)], size)
        wanted = np.zeros((10, 12), bool)
        wanted[3:7, 2:8] = True
        assert (mask == wanted).all()


def test_the_same_picture_at_a_smaller_size() -> None:
    places, polygons = sphere(40, 60, 0.3)
    joined = topology(polygons, len(places))
    size = (1919, 1081)
    small = working_size(size)
    assert max(small) == 640
    for settings in ({}, {"lens": Lens.ORTHOGRAPHIC, "ortho_scale": 3.0}):
        camera = random_camera(np.random.default_rng(3), **settings)
        flat = camera.lens is Lens.ORTHOGRAPHIC
        rows = pixel_rows(camera, size)
        places32 = places.astype(np.float32)
        large = fill([Part(joined, places32, rows)], size, flat)
        shrunk = fill([Part(joined, places32, shrink_rows(rows, size, small, flat))], small, flat)
        theirs = cv2.resize(large.astype(np.uint8) * 255, small, interpolation=cv2.INTER_AREA)
        assert overlap(shrunk, theirs >= 128) > 0.99


def test_nothing_to_draw() -> None:
    empty = Topology(np.empty(0, np.int32), np.empty(0, np.int32), 0)
    part = Part(empty, np.empty((0, 3), np.float32), np.eye(3, 4))
    assert not fill([], (8, 8)).any()
    assert not fill([part], (8, 8)).any()


def test_speed() -> None:
    """A hundred thousand quadrangles take some hundredths of a second."""
    places, polygons = sphere(300, 340, 0.2)
    joined = topology(polygons, len(places))
    part = Part(
        joined,
        places.astype(np.float32),
        pixel_rows(random_camera(np.random.default_rng(0)), (640, 640)),
    )
    fill([part], (640, 640))
    seconds = []
    for _ in range(8):
        begin = time.process_time()
        fill([part], (640, 640))
        seconds.append(time.process_time() - begin)
    print(f"\n{len(polygons)} polygons: {1000 * min(seconds):.1f} ms")
    assert min(seconds) < 0.1
