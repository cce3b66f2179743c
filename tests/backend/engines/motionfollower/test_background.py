"""Where the actor left, the diffusion engine's frames show what other frames saw there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from mf_backend.actor.plate.background import build_plate
from mf_backend.clip import open_clip, write_png
from mf_backend.compositing.shade import hidden_by
from mf_backend.compositing.underlay import Underlay, vacated_weight
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import ClipKind, Reference, Sampler

from .test_engine import Watcher, opened, render

MakeJob = Callable[..., Path]
COUNT, SIDE = 6, 128


def wall() -> Picture:
    """A background with texture at every scale."""
    noise = np.random.default_rng(5).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5).astype(np.float32)
    return np.asarray(np.clip((smooth - smooth.mean()) * 4 + 128, 0, 255), np.uint8)


def walking(folder: Path, step: int) -> Path:
    """Change a job: a steady camera, an actor who walks right `step` pixels a frame, and a target
    who stands at the right."""
    for index in range(COUNT):
        masks = []
        for x in (4 + step * index, 102):
            mask = np.zeros((SIDE, SIDE), np.uint8)
            mask[30:120, x : x + 22] = 255
            masks.append(mask)
        frame = wall()
        frame[masks[0] > 0] = (200, 80, 40)
        write_png(folder / "clip" / f"{index + 1:06d}.png", frame)
        for kind, mask in zip(("source_masks", "target_masks"), masks, strict=True):
            write_png(folder / "conditions" / kind / f"frame_{index}.png", mask)
    return folder


def vacated_error(folder: Path, frames: dict[int, Picture]) -> float:
    """Mean distance from the known background where the actor left, grey levels."""
    conditions = load_conditions(folder / "conditions")
    errors = []
    for index, picture in frames.items():
        source, target = (conditions.grey(f"{who}_masks", index) for who in ("source", "target"))
        left = (source > 0) & (target == 0)
        errors.append(np.abs(picture[left].astype(float) - wall()[left]).mean())
    return float(np.mean(errors))


def test_the_vacated_background_is_the_clips(diffusion_job: MakeJob) -> None:
    folder = walking(diffusion_job(count=COUNT, size=(SIDE, SIDE), steps=2), 15)
    watcher = Watcher()
    default = vacated_error(folder, render(folder, watcher))
    released = vacated_error(folder, render(folder, sampler=Sampler.RELEASED))
    print(f"default {default:.2f}, released {released:.2f}")
    assert released > 25, "the tiny network paints noise"
    assert default < 0.2 * released
    steps = [step for step, _ in watcher.steps]
    assert steps == sorted(steps) and steps[-1] == watcher.total
    assert any(note == "background, frame 6" for _, note in watcher.steps)


def test_what_no_frame_saw_stays_as_generated(diffusion_job: MakeJob) -> None:
    folder = walking(diffusion_job(count=COUNT, size=(SIDE, SIDE)), 0)
    generated = np.full((SIDE, SIDE, 3), (10, 250, 10), np.uint8)
    with opened(folder) as job:
        plate = build_plate(job.clip, lambda i: hidden_by(job.conditions, i), NullReporter())
        underlay = Underlay(plate, job.conditions)
        out, ground = underlay.under(2, job.clip.read(2), generated)
        np.testing.assert_array_equal(ground, job.clip.read(2))
    source = load_conditions(folder / "conditions").grey("source_masks", 2) > 0
    assert np.array_equal(out[source], generated[source])


def test_the_weight_has_no_steps() -> None:
    source, target = np.zeros((2, 200, 300), np.uint8)
    source[40:180, 50:200] = 255
    target[40:180, 150:260] = 255
    painted = np.zeros(source.shape, np.bool_)
    painted[40:180, 50:70] = True
    weight = vacated_weight(source, target, painted)
    assert weight.dtype == np.float32
    assert not weight[target > 0].any() and not weight[painted].any()
    assert not weight[source == 0].any()
    row = weight[100, 70:150]
    assert row.max() == 1 and (np.abs(np.diff(row)) < 0.2).all()
    assert not vacated_weight(source, source, painted).any()


def test_a_panning_camera_marks_what_it_never_showed(odd_path: Path) -> None:
    wide = cv2.resize(wall(), (SIDE * 3, SIDE * 2), interpolation=cv2.INTER_CUBIC)
    for index in range(12):
        frame = wide[: SIDE * 2, 6 * index : 6 * index + 256].copy()
        mask = np.zeros(frame.shape[:2], np.uint8)
        mask[60:250, 100 : 140 + (80 if index == 11 else 0)] = 255
        frame[mask > 0] = (200, 80, 40)
        write_png(odd_path / "clip" / f"{index + 1:06d}.png", frame)
        write_png(odd_path / "masks" / f"{index}.png", mask)
    from mf_backend.actor.plate.background import build_plate
    from mf_backend.clip.picture_file import read_grey

    with open_clip(Reference(str(odd_path / "clip"), ClipKind.IMAGES, fps=24.0)) as clip:
        plate = build_plate(
            clip, lambda i: read_grey(odd_path / "masks" / f"{i}.png"), NullReporter()
        )
        assert not plate.report.steady
        # The actor moves 66 pixels over the wall: all of it was seen, but for the picture's rim.
        assert plate.painted(6)[70:240, 20:230].mean() < 0.02
        truth = wide[:, 36:292]
        clean = plate.clean(6, clip.read(6), read_grey(odd_path / "masks" / "6.png"))
        inside = ~plate.painted(6)
        assert np.abs(clean.astype(int) - truth)[inside].mean() < 4
