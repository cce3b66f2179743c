"""A racket in a hand, drawn by the preview where the hand takes it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mf_backend.compositing.held_mattes import HeldMattes
from tests.backend.engines.preview.figure import (
    changed_outside,
    conditions,
    drawn,
    raised,
    render,
    write,
)
from tests.backend.memory_clip import Frames

SIZE = (320, 300)


def test_a_racket_goes_with_the_hand(odd_path: Path) -> None:
    clip, masks, joints = drawn(6, SIZE)
    frames = [clip.read(i).copy() for i in range(6)]
    target = raised(joints)
    held = []
    for i, frame in enumerate(frames):
        wrist = joints[i, 4]
        along = (wrist - joints[i, 3]) / np.linalg.norm(wrist - joints[i, 3])
        near, far = (tuple(int(v) for v in wrist + reach * along) for reach in (12, 60))
        grey = np.zeros(SIZE[::-1], np.uint8)
        for picture, colour in ((frame, (20, 220, 40)), (grey, 128), (masks[i], 255)):
            cv2.line(picture, near, far, colour, 7)
        held.append(grey)
    clip = Frames(frames)
    made = conditions(odd_path / "c", joints, target, masks)
    for i, grey in enumerate(held):
        write(odd_path / "c" / "source_held" / f"frame_{i}.png", grey)
    mattes = HeldMattes(made)
    for i in range(6):
        carried = np.where(mattes.carried(i) >= 128, 255, 0).astype(np.uint8)
        both = np.maximum(made.grey("target_masks", i), carried)
        write(odd_path / "c" / "target_masks" / f"frame_{i}.png", both)
    results = render(clip, made, odd_path / "w")
    assert changed_outside(clip, made, results) == 0
    for i, result in results.items():
        green = (result[..., 1] > 150) & (result[..., 0] < 90)
        wrist, elbow = target[i, 4], target[i, 3]
        along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
        wanted = [wrist + reach * along for reach in range(16, 58, 4)]
        inside = [p for p in wanted if 3 <= p[0] < SIZE[0] - 3 and 3 <= p[1] < SIZE[1] - 3]
        assert len(inside) > 3
        for x, y in inside:
            assert green[int(y), int(x)], f"frame {i}: no racket at {x:.0f}, {y:.0f}"
        # Where it was there is wall again, and no second one.
        left = green & (held[i] > 0) & (mattes.carried(i) == 0)
        assert left.sum() < 0.02 * (held[i] > 0).sum()
        assert green.sum() < 1.2 * (held[i] > 0).sum()
