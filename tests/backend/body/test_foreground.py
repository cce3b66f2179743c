"""The actor's own colours where his soft edges mix him with the background."""

from __future__ import annotations

import numpy as np

from mf_backend.body.surfaces.foreground import own_colours

FACE, HAIR, WALL = (210, 170, 150), (30, 25, 20), (235, 235, 245)


def test_hair_that_is_half_transparent_stays_hair() -> None:
    frame = np.full((120, 100, 3), WALL, np.uint8)
    matte = np.zeros((120, 100), np.uint8)
    frame[50:90, 30:70], matte[50:90, 30:70] = FACE, 255
    mixed = 0.6 * np.array(HAIR) + 0.4 * np.array(WALL)
    frame[38:50, 30:70], matte[38:50, 30:70] = np.rint(mixed), round(0.6 * 255)
    found = own_colours(frame, matte).astype(int)
    assert np.abs(found[40:47, 36:64] - HAIR).mean() < 0.85 * np.abs(mixed - HAIR).mean()
    assert (found[60:85, 35:65] == FACE).all()
    # Just beyond the hair it goes on, for where a warp looks a little too far.
    assert np.abs(found[40:46, 28] - HAIR).mean() < np.abs(found[40:46, 28] - WALL).mean()


def test_a_frame_of_one_kind_stays_as_it_is() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    for level in (0, 255):
        assert (own_colours(frame, np.full((20, 30), level, np.uint8)) == frame).all()
