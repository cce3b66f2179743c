"""The engines' window and the composite: what leaves the clip's pixels alone, and what fits."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.compositing.blend import composite, hard_union, keep_near, soft_union
from mf_backend.compositing.window import Window, plan_square, plan_window, union_box
from mf_backend.contracts.errors import InputError


def noise(height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """A random picture."""
    return np.random.default_rng(3).integers(0, 255, (height, width, channels), np.uint8)


def disc(size: tuple[int, int], centre: tuple[int, int], radius: int) -> NDArray[np.uint8]:
    """Hard mask of a disc; size is (height, width)."""
    y, x = np.mgrid[: size[0], : size[1]]
    return np.where((x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2, 255, 0).astype(
        np.uint8
    )


def test_composite_keeps_every_pixel_outside_the_two_masks() -> None:
    frame, edited = noise(201, 333), 255 - noise(201, 333)
    source, target = disc((201, 333), (90, 100), 50), disc((201, 333), (200, 100), 60)
    alpha = soft_union(source, target)
    result = composite(frame, edited, alpha)
    outside = np.maximum(source, target) == 0
    np.testing.assert_array_equal(result[outside], frame[outside])
    # All of the source is replaced: at its edge the old actor would show through a ramp.
    np.testing.assert_array_equal(result[source > 0], edited[source > 0])
    only_target = (target > 0) & (source == 0)
    soft = alpha[only_target]
    assert 0 < soft.min() < 0.6 and soft.max() == 1


def test_the_pictures_edge_is_no_edge_of_a_mask() -> None:
    target = np.zeros((60, 80), np.uint8)
    target[30:, 20:60] = 255
    alpha = soft_union(np.zeros_like(target), target)
    np.testing.assert_allclose(alpha[-1, 30:50], 1)


@pytest.mark.parametrize("whose", ["source", "target"])
def test_a_drawn_actor_cut_off_by_a_mask_has_no_steps_along_the_cut(whose: str) -> None:
    y, x = np.mgrid[:120, :160]
    beyond = y - (40 + x / 4)
    cut = np.where(beyond >= 0, 255, 0).astype(np.uint8)
    # The old actor's mask cuts where the new one's, some pixels further in, no longer reaches.
    target = cut if whose == "target" else np.where(beyond >= 4, 255, 0).astype(np.uint8)
    source = np.zeros_like(cut) if whose == "target" else cut
    frame, plate, drawn = (np.full((*cut.shape, 3), v, np.uint8) for v in (40, 40, 240))
    edited = keep_near(drawn, plate, source, target)
    shown = composite(frame, edited, hard_union(source, target))[..., 0]
    assert (shown[cut == 0] == 40).all()
    np.testing.assert_allclose(shown[beyond > 3], 240, atol=2)
    # Along a steep edge a pixel is the more covered the further in it lies; a hard cut says 240.
    rim = (beyond >= 0) & (beyond < 1) & (x > 8) & (x < 150)
    assert shown[rim].max() < 180 and np.corrcoef(shown[rim], beyond[rim])[0, 1] > 0.9


def test_nothing_to_composite_leaves_the_frame() -> None:
    frame = noise(20, 30)
    empty = np.zeros((20, 30), np.uint8)
    result = composite(frame, 255 - frame, soft_union(empty, empty))
    np.testing.assert_array_equal(result, frame)
    assert result is not frame


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (641, 479), (300, 200), (7, 5)])
@pytest.mark.parametrize("place", [(0.4, 0.3, 0.55, 0.9), (0.0, 0.0, 0.1, 1.0), (0, 0, 1, 1)])
def test_a_square_window_holds_the_actor_and_may_reach_beyond_the_picture(
    size: tuple[int, int], place: tuple[float, ...]
) -> None:
    width, height = size
    box = tuple(int(share * (width, height)[i % 2]) for i, share in enumerate(place))
    window = plan_square(box, size, 128)
    assert window.width == window.height and window.size == (128, 128)
    for start, low, high in ((window.x, box[0], box[2]), (window.y, box[1], box[3])):
        assert start <= low and high <= start + window.width
    picture = noise(height, width)
    assert window.crop(picture).shape == (128, 128, 3)
    assert window.put_back(window.crop(picture), picture).shape == picture.shape
    assert plan_square(box, (128, 128), 128) == Window(0, 0, 128, 128, (128, 128))


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (641, 479), (300, 200), (7, 5)])
@pytest.mark.parametrize("place", [(0.4, 0.3, 0.55, 0.9), (0.0, 0.0, 0.1, 1.0), (0, 0, 1, 1)])
def test_window_holds_the_actor_at_the_engines_step(
    size: tuple[int, int], place: tuple[float, ...]
) -> None:
    width, height = size
    box = (int(place[0] * width), int(place[1] * height), int(place[2] * width) + 1,
           int(place[3] * height) + 1)  # fmt: skip
    window = plan_window(box, size)
    assert all(side % 64 == 0 and side > 0 for side in window.size)
    assert window.size[0] * window.size[1] <= 1.4 * 512 * 512
    assert window.x <= box[0] and window.y <= box[1]
    assert window.x + window.width >= min(box[2], width)
    assert window.y + window.height >= min(box[3], height)
    across, up = window.scale
    assert across == pytest.approx(up, rel=0.03)
    frame = noise(height, width)
    assert window.crop(frame).shape == (window.size[1], window.size[0], 3)
    mask = window.crop_mask(disc((height, width), (width // 2, height // 2), height // 3))
    assert set(np.unique(mask)) <= {0, 255}


def test_a_512_clip_is_taken_as_it_is() -> None:
    window = plan_window((100, 100, 200, 400), (512, 512))
    assert window == Window(0, 0, 512, 512, (512, 512))
    frame = noise(512, 512)
    np.testing.assert_array_equal(window.put_back(window.crop(frame), frame), frame)


def test_joints_follow_the_pixels() -> None:
    window = Window(100, 40, 256, 512, (128, 256))
    frame = np.zeros((700, 500, 3), np.uint8)
    frame[300:302, 200:202] = 255
    seen = window.crop(frame)[..., 0]
    y, x = np.nonzero(seen > 127)
    moved = window.joints(np.array([[200.5, 300.5]]))
    np.testing.assert_allclose(moved[0], (x.mean(), y.mean()), atol=1e-4)


def test_put_back_replaces_the_window_only() -> None:
    window = Window(-10, 50, 128, 128, (64, 64))
    frame = noise(150, 200)
    result = window.put_back(np.full((64, 64, 3), 7, np.uint8), frame)
    np.testing.assert_array_equal(result[:50], frame[:50])
    np.testing.assert_array_equal(result[:, 118:], frame[:, 118:])
    assert (result[50:, :118] == 7).all()


def test_union_box_and_wrong_area() -> None:
    masks = [disc((50, 60), (10, 10), 4), np.zeros((50, 60), np.uint8), disc((50, 60), (40, 30), 5)]
    assert union_box(masks) == (7, 7, 45, 35)
    assert union_box(masks[1:2]) is None
    with pytest.raises(InputError, match="too small"):
        plan_window(None, (100, 100), area=10)


def test_stray_pieces_far_from_the_target_mask_are_dropped() -> None:
    behind = np.full((96, 96, 3), 90, np.uint8)
    drawn = behind.copy()
    drawn[20:60, 20:60] = 200
    drawn[80:84, 80:84] = 10
    target = np.zeros((96, 96), np.uint8)
    target[20:60, 20:60] = 255
    everywhere = np.full((96, 96), 255, np.uint8)
    kept = keep_near(drawn, behind, everywhere, target)
    assert np.array_equal(kept[20:60, 20:60], drawn[20:60, 20:60])
    assert np.array_equal(kept[70:], behind[70:])
