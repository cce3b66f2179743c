"""Hard masks take in what they would leave visible of the actor, and nothing else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.actor.masks.residue import ResidueFinder
from mf_backend.actor.masks.shape import THRESHOLD
from mf_backend.clip import open_clip, reference_for, write_png
from mf_backend.contracts.progress import NullReporter

SIZE, COUNT = 160, 10
Picture = NDArray[np.uint8]


def _shape(index: int) -> NDArray[np.float32]:
    """How much of each pixel the walking figure covers, 0..1: its edge is three pixels soft."""
    hard = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(hard, (30 + 11 * index, 84), (14, 50), 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(hard, (0, 0), 1.2), np.float32)


def _wall() -> Picture:
    ramp = np.linspace(90, 120, SIZE)
    return np.repeat(np.add.outer(ramp, ramp)[..., None] / 2, 3, axis=2).astype(np.uint8)


def _film(folder: Path, colour: tuple[int, int, int]) -> list[Picture]:
    """Write the frames; returns the mattes."""
    mattes = []
    for index in range(COUNT):
        covered = _shape(index)[..., None]
        mixed = _wall() * (1 - covered) + np.array(colour) * covered
        write_png(folder / f"{index}.png", np.rint(mixed).astype(np.uint8))
        mattes.append(np.rint(covered[..., 0] * 255).astype(np.uint8))
    return mattes


def _grown(folder: Path, mattes: list[Picture]) -> list[tuple[Picture, NDArray[np.bool_]]]:
    """Each frame and its mask as the finder leaves it."""
    with open_clip(reference_for(folder)) as clip:
        finder = ResidueFinder(clip, lambda i: mattes[i], NullReporter())
        return [
            (frame, finder.grown(i, frame, mattes[i] >= THRESHOLD))
            for i, frame in enumerate(clip.frames())
        ]


def test_a_contrasting_edge_is_taken_into_the_mask(odd_path: Path) -> None:
    mattes = _film(odd_path / "frames", (235, 20, 30))
    for index, (frame, mask) in enumerate(_grown(odd_path / "frames", mattes)):
        hard = mattes[index] >= THRESHOLD
        left = cv2.absdiff(frame, _wall()).max(axis=2) > 50
        assert (left & ~hard).sum() > 40
        assert not (left & ~mask).any()
        assert (mask & ~hard).sum() < 0.2 * hard.sum()


def test_an_edge_that_nobody_sees_stays_out(odd_path: Path) -> None:
    mattes = _film(odd_path / "frames", (130, 130, 130))
    for index, (_, mask) in enumerate(_grown(odd_path / "frames", mattes)):
        assert np.array_equal(mask, mattes[index] >= THRESHOLD)


@pytest.mark.parametrize("index", [0, COUNT - 1])
def test_an_empty_mask_stays_empty(odd_path: Path, index: int) -> None:
    mattes = _film(odd_path / "frames", (235, 20, 30))
    with open_clip(reference_for(odd_path / "frames")) as clip:
        finder = ResidueFinder(clip, lambda i: mattes[i], NullReporter())
        nothing = np.zeros((SIZE, SIZE), np.bool_)
        assert not finder.grown(index, clip.read(index), nothing).any()


def test_slivers_at_the_border_are_taken_into_the_mask(odd_path: Path) -> None:
    """An arm that leaves the picture, whose last pixels the matte nearly misses."""
    mattes = []
    for index in range(COUNT):
        picture, matte = _wall(), np.zeros((SIZE, SIZE), np.uint8)
        top = 20 + 12 * index
        picture[top : top + 14, : SIZE // 2] = (235, 20, 30)
        matte[top : top + 14, 9 : SIZE // 2] = 255
        matte[top : top + 14, :9] = 40
        write_png(odd_path / "frames" / f"{index}.png", picture)
        mattes.append(matte)
    for index, (frame, mask) in enumerate(_grown(odd_path / "frames", mattes)):
        left = cv2.absdiff(frame, _wall()).max(axis=2) > 50
        assert (left & (mattes[index] < THRESHOLD)).sum() > 100
        assert not (left & ~mask).any()
        assert not (mask & ~left).any()


@pytest.mark.parametrize("gap", [0, 6])
def test_a_frill_that_a_matte_half_sees_is_taken_where_it_touches(odd_path: Path, gap: int) -> None:
    """Wider than any soft edge; the same cloth by itself, beyond the edge, is not taken."""
    mattes = _film(odd_path / "frames", (235, 20, 30))
    lost = 5
    left = 30 + 11 * lost + 12 + gap
    frame = cv2.imread(str(odd_path / "frames" / f"{lost}.png"))
    frame[78:90, left : left + 14] = (30, 20, 235)
    cv2.imwrite(str(odd_path / "frames" / f"{lost}.png"), frame)
    frill = mattes[lost][78:90, left : left + 14]
    np.maximum(frill, 70, out=frill)
    _, mask = _grown(odd_path / "frames", mattes)[lost]
    assert mask[80:88, left + 4 : left + 12].mean() == (1.0 if gap == 0 else 0.0)


def test_what_stays_visible_beside_the_mask_is_told(odd_path: Path) -> None:
    """A part that the matte nearly misses, farther out than what a mask takes in by itself."""
    mattes = _film(odd_path / "frames", (235, 20, 30))
    lost = 5
    top, left = 80, 30 + 11 * lost + 14 + 5
    frame = cv2.imread(str(odd_path / "frames" / f"{lost}.png"))
    frame[top : top + 10, left : left + 5] = (30, 20, 235)
    cv2.imwrite(str(odd_path / "frames" / f"{lost}.png"), frame)
    mattes[lost][top : top + 10, left : left + 5] = 60
    with open_clip(reference_for(odd_path / "frames")) as clip:
        finder = ResidueFinder(clip, lambda i: mattes[i], NullReporter())
        told = []
        for index, picture in enumerate(clip.frames()):
            mask = finder.grown(index, picture, mattes[index] >= THRESHOLD)
            told += [index] if finder.left_beside(mask) else []
            # A mask that takes it in leaves nothing to tell.
            assert not finder.left_beside(mask | (mattes[index] > 0))
    assert told == [lost]
