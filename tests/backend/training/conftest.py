"""Small shots of a stick figure before a set of stripes, and networks that learn them quickly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mf_backend.clip import write_png
from mf_backend.contracts.files import write_npz
from mf_backend.models.config import ModelConfig
from mf_backend.skeleton.joints import JOINT_INDEX, LIMBS
from mf_backend.training.recipe import Recipe, sample_config

SIDE = 64
_FIGURE = {
    "nose": (0, -24), "neck": (0, -17),
    "right_shoulder": (-5, -17), "right_elbow": (-9, -10), "right_wrist": (-11, -3),
    "left_shoulder": (5, -17), "left_elbow": (9, -10), "left_wrist": (11, -3),
    "right_hip": (-3, 0), "right_knee": (-4, 10), "right_ankle": (-4, 20),
    "left_hip": (3, 0), "left_knee": (4, 10), "left_ankle": (4, 20),
}  # fmt: skip


def joints_at(x: float, lift: float) -> np.ndarray:
    """Joints [60, 2] of the figure at `x`, its hands lifted by pixels."""
    joints = np.full((60, 2), np.nan, np.float32)
    for name, (dx, dy) in _FIGURE.items():
        joints[JOINT_INDEX[name]] = (x + dx, 36 + dy - (lift if "wrist" in name else 0))
    return joints


def film(folder: Path, frames: int, start: float, colour: tuple[int, int, int], seed: int) -> None:
    """Write a take of the figure walking to the right from `start`, and its plate beside it."""
    folder.mkdir(parents=True)
    rows = np.arange(SIDE)[:, None, None]
    random = np.random.default_rng(seed)
    plate = np.where((rows // 8) % 2, random.integers(40, 220, 3), random.integers(40, 220, 3))
    plate = np.broadcast_to(plate, (SIDE, SIDE, 3)).astype(np.uint8)
    write_png(folder.parent / "plate" / "000001.png", plate)
    every = []
    for k in range(frames):
        joints = joints_at(start + 2 * k, 2 * k)
        matte = np.zeros((SIDE, SIDE), np.uint8)
        for a, b in LIMBS:
            ends = joints[[a, b]]
            if np.isfinite(ends).all():
                one, two = np.rint(ends).astype(int).tolist()
                cv2.line(matte, one, two, 255, 5)
        picture = np.where(matte[..., None] > 0, np.array(colour), plate).astype(np.uint8)
        write_png(folder / "frames" / f"{k + 1:06d}.png", picture)
        write_png(folder / "alpha" / f"{k + 1:06d}.png", matte)
        every.append(joints)
    write_npz(folder / "joints.npz", joints=np.stack(every))


def make_shots(folder: Path, count: int = 3, frames: int = 6) -> Path:
    """Shots with two takes each, of other figures before other sets."""
    for k in range(count):
        colour = (220, 60 + 40 * k, 30)
        film(folder / f"shot-{k}" / "source", frames, 18, colour, k)
        film(folder / f"shot-{k}" / "truth", frames, 34, colour, k)
    return folder


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shots; do not write there."""
    return make_shots(tmp_path_factory.mktemp("shots") / "shots")


@pytest.fixture(scope="session")
def config() -> ModelConfig:
    """Every kind of layer, narrow, at 64 pixels."""
    sample = sample_config()
    widths = (16, 16, 24, 24)
    return replace(
        sample,
        unet=replace(sample.unet, block_out_channels=widths, cross_attention_dim=16, heads=2),
        motion=replace(sample.motion, heads=2),
        appearance=replace(sample.appearance, channels=widths),
        pose=replace(sample.pose, out_channels=16, block_out_channels=(8, 8, 16, 16)),
        vae=replace(sample.vae, block_out_channels=(8, 8, 16, 16), sample_size=SIDE),
        image_encoder=replace(
            sample.image_encoder, hidden_size=16, intermediate_size=32, projection_dim=16,
            num_attention_heads=2,
        ),
        picture_side=SIDE,
    )  # fmt: skip


@pytest.fixture
def recipe() -> Recipe:
    """A few steps of each stage."""
    return Recipe(
        decoder_steps=4, image_steps=6, clip_steps=4, batch=2, clips=1, clip_frames=3, warm_up=2,
        recoloured=0.5, other_ground=0.5, keep_every=3, show_every=4, rate=2e-3,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Sums come in one order, so that figures can be the same to the last bit."""
    torch.set_num_threads(1)
