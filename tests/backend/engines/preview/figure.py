"""A small drawn figure as a clip with conditions, and the preview of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import Conditions, load_conditions
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import Settings
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob
from mf_backend.retarget.target_mask import predict_target_masks
from tests.backend.memory_clip import Frames, Picture


def write(path: Path, picture: Picture) -> None:
    """Write a grey picture as PNG to any path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def conditions(
    folder: Path,
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    masks: list[Picture],
) -> Conditions:
    """A conditioning folder as the stages leave it, from given source masks."""
    size = (masks[0].shape[1], masks[0].shape[0])
    predicted = predict_target_masks(source, target, masks.__getitem__, size)
    for i, (hard, soft) in enumerate(predicted):
        write(folder / "target_masks" / f"frame_{i}.png", hard)
        write(folder / "target_alpha" / f"frame_{i}.png", soft)
        write(folder / "source_masks" / f"frame_{i}.png", masks[i])
        write(folder / "source_alpha" / f"frame_{i}.png", cv2.GaussianBlur(masks[i], (0, 0), 1))
    np.savez(
        folder / "joints.npz",
        source=source.astype(np.float32),
        target=target.astype(np.float32),
        size=size,
    )
    return load_conditions(folder)


def render(
    clip: Frames, made: Conditions, work: Path, indices: list[int] | None = None
) -> dict[int, Picture]:
    """All frames of the engine."""
    job = EngineJob(clip, made, Settings(), work)
    wanted = list(range(clip.count)) if indices is None else indices
    return dict(load_engine("preview").render(job, wanted, NullReporter()))


def changed_outside(clip: Frames, made: Conditions, results: dict[int, Picture]) -> int:
    """Values that differ from the clip's outside the two hard masks."""
    total = 0
    for i, result in results.items():
        union = np.maximum(made.grey("source_masks", i), made.grey("target_masks", i))
        total += int((result != clip.read(i))[union == 0].sum())
    return total


def drawn(frames: int, size: tuple[int, int]) -> tuple[Frames, list[Picture], NDArray[np.float64]]:
    """A figure in a red shirt with skin arms, who sways before a patterned wall."""
    width, height = size
    unit = height / 10
    joints = np.full((frames, 60, 2), np.nan)
    y, x = np.mgrid[:height, :width]
    wall = np.stack([90 + 40 * np.sin(x / 9), 110 + 40 * np.sin(y / 7), 120 + 0 * x], -1)
    pictures, masks = [], []
    for i in range(frames):
        sway = 0.9 * unit * np.sin(i * 0.7)
        body = {0: (0, 1.5), 14: (-0.2, 1.35), 15: (0.2, 1.35), 16: (-0.4, 1.45), 17: (0.4, 1.45),
                1: (0, 2.6), 2: (-0.9, 2.6), 5: (0.9, 2.6), 3: (-1.6, 3.7), 4: (-2.2, 4.7),
                6: (1.6, 3.7), 7: (2.2, 4.7), 8: (-0.5, 5.2), 11: (0.5, 5.2), 9: (-0.6, 7.0),
                12: (0.6, 7.0), 10: (-0.6, 8.8), 13: (0.6, 8.8)}  # fmt: skip
        for k, (dx, dy) in body.items():
            joints[i, k] = width / 2 + dx * unit + sway, dy * unit
        picture = wall.astype(np.uint8).copy()
        mask = np.zeros((height, width), np.uint8)

        def line(a: int, b: int, wide: float, colour: tuple[int, int, int], i: int = i,
                 picture: Picture = picture, mask: Picture = mask) -> None:  # fmt: skip
            p, q = (tuple(int(v) for v in joints[i, k]) for k in (a, b))
            cv2.line(picture, p, q, colour, max(2, int(wide * unit)))
            cv2.line(mask, p, q, 255, max(2, int(wide * unit)))

        for a, b in ((8, 9), (9, 10), (11, 12), (12, 13)):
            line(a, b, 0.8, (40, 40, 160))
        torso = joints[i, [2, 5, 11, 8]].astype(np.int32)
        cv2.fillConvexPoly(picture, torso, (190, 30, 30))
        cv2.fillConvexPoly(mask, torso, 255)
        for a, b in ((2, 3), (3, 4), (5, 6), (6, 7)):
            line(a, b, 0.5, (230, 180, 150))
        head = tuple(int(v) for v in joints[i, 0])
        cv2.circle(picture, head, int(0.7 * unit), (230, 180, 150), -1)
        cv2.circle(mask, head, int(0.7 * unit), 255, -1)
        line(0, 1, 0.5, (230, 180, 150))
        pictures.append(picture)
        masks.append(mask)
    return Frames(pictures), masks, joints


def raised(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same skeletons with both arms straight out to the sides."""
    out = joints.copy()
    for shoulder, elbow, wrist, side in ((2, 3, 4, -1), (5, 6, 7, 1)):
        for a, b in ((shoulder, elbow), (elbow, wrist)):
            length = np.linalg.norm(joints[:, b] - joints[:, a], axis=-1)
            out[:, b] = out[:, a] + np.stack([side * length, 0 * length], -1)
    return out
