"""A filmed shot to the benchmark's contract without Blender: a figure of thick lines that sways in
the clip and raises its arms in the truth, with a shadow, before a patterned wall."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.clip.writer import write_png
from mf_backend.skeleton.joints import JOINT_INDEX, LIMBS

SIZE = (144, 176)
COUNT = 6
NAME = "tiny"
_FACE = {"nose": (0, -52), "right_eye": (-3, -54), "left_eye": (3, -54),
         "right_ear": (-7, -53), "left_ear": (7, -53)}  # fmt: skip
_TRUNK = {"neck": (0, -40), "right_shoulder": (-14, -40), "left_shoulder": (14, -40),
          "right_hip": (-8, 0), "left_hip": (8, 0)}  # fmt: skip
_LEGS = {"right_knee": (-9, 28), "left_knee": (9, 28), "right_ankle": (-10, 56),
         "left_ankle": (10, 56)}  # fmt: skip


def joints(raised: float, aside: float) -> NDArray[np.float32]:
    """[60, 2] of the figure with its arms hanging (0) to raised (1), moved aside in pixels."""
    found = np.full((60, 2), np.nan, np.float32)
    spots = {**_FACE, **_TRUNK, **_LEGS}
    turn = np.pi * (0.5 - 0.9 * raised)
    for side, sign in (("right", -1), ("left", 1)):
        x, y = _TRUNK[f"{side}_shoulder"]
        step = np.array([sign * max(0.25, np.cos(turn)), np.sin(turn)]) * 20
        spots[f"{side}_elbow"] = (x + step[0], y + step[1])
        spots[f"{side}_wrist"] = (x + 2 * step[0], y + 2 * step[1])
    for name, (x, y) in spots.items():
        found[JOINT_INDEX[name]] = (SIZE[0] / 2 + aside + x, 92 + y)
    return found


def plate() -> NDArray[np.uint8]:
    """The wall and the floor."""
    random = np.random.default_rng(4)
    small = random.integers(60, 200, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    wall: NDArray[np.uint8] = cv2.resize(small, SIZE, interpolation=cv2.INTER_CUBIC)
    wall[140:] = wall[140:] // 2 + 90
    return wall


def take(body: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(picture, matte) of the figure before the wall."""
    picture = plate().astype(np.float32)
    shade = np.zeros(SIZE[::-1], np.float32)
    foot = body[JOINT_INDEX["right_ankle"]]
    cv2.ellipse(shade, (int(foot[0]) + 20, 156), (34, 7), 0, 0, 360, 1.0, -1)
    picture *= 1 - 0.4 * shade[..., None]
    colour = np.zeros_like(picture)
    matte = np.zeros(SIZE[::-1], np.uint8)
    for number, (a, b) in enumerate(LIMBS[:12]):
        ends = [tuple(round(float(v)) for v in body[joint]) for joint in (a, b)]
        shade_of = (40 + 15 * number, 90, 220 - 14 * number)
        for paper, ink in ((colour, shade_of), (matte, 255)):
            cv2.line(paper, *ends, ink, 11, cv2.LINE_8)
    head = tuple(int(v) for v in body[JOINT_INDEX["nose"]])
    for paper, ink in ((colour, (230, 180, 150)), (matte, 255)):
        cv2.circle(paper, head, 10, ink, -1)
    # Ahead of it all, a soft edge as a camera's.
    soft = cv2.GaussianBlur(matte, (3, 3), 0)
    share = soft[..., None].astype(np.float32) / 255
    filled = np.where(matte[..., None] > 0, colour, cv2.dilate(colour, np.ones((3, 3))))
    return np.rint(filled * share + picture * (1 - share)).astype(np.uint8), soft


def write_tiny_shot(cache: Path, held_out: bool = False, name: str = NAME) -> Path:
    """Write the shot's folder below a cache."""
    folder = cache / f"{name}-0123abcd"
    motion = {
        "source": [joints(0.0, 3 * np.sin(i)) for i in range(COUNT)],
        "truth": [joints(0.4 + 0.1 * i, 3 * np.sin(i) + 4) for i in range(COUNT)],
    }
    for kind in motion:
        for inner in ("frames", "alpha"):
            (folder / kind / inner).mkdir(parents=True)
    (folder / "plate").mkdir()
    for kind, bodies in motion.items():
        for index, body in enumerate(bodies):
            picture, matte = take(body)
            write_png(folder / kind / "frames" / f"{index + 1:06d}.png", picture)
            write_png(folder / kind / "alpha" / f"{index + 1:06d}.png", matte)
        stack = np.stack(bodies)
        depth = np.concatenate([stack / 100, np.full((COUNT, 60, 1), 3, np.float32)], axis=-1)
        np.savez(folder / kind / "joints.npz", joints=stack, positions=depth)
    write_png(folder / "plate" / "000001.png", plate())
    true = np.stack(motion["truth"])
    for kind, target in (("matched", true), ("fit", true * 0.8 + 7)):
        (folder / kind).mkdir()
        np.savez(folder / kind / "target_joints.npz", target=target, size=np.array(SIZE))
    told = {"name": name, "hash": "0123abcd", "held_out": held_out, "size": SIZE, "fps": 24,
            "frames": COUNT}  # fmt: skip
    (folder / "shot.json").write_text(json.dumps(told), encoding="utf-8")
    return folder
