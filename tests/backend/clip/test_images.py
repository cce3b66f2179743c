"""Folders of numbered images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mf_backend.clip import hash_clip, open_clip, probe_clip, reference_for, write_png
from mf_backend.clip.image_folder import list_numbers
from mf_backend.clip.picture_file import intact_size, read_grey, read_image
from mf_backend.contracts.errors import InputError

from .conftest import number_of, numbered_frames


def fill(folder: Path, numbers: list[int], name: str = "frame_{}.png") -> list[np.ndarray]:
    frames = numbered_frames(len(numbers))
    for number, frame in zip(numbers, frames, strict=True):
        write_png(folder / name.format(number), frame)
    return frames


def test_sorted_by_number(odd_path: Path) -> None:
    frames = fill(odd_path, [*range(12)])
    (odd_path / "notes.txt").write_text("no picture")
    write_png(odd_path / "thumbnail.png", frames[0][:8, :8])
    info = probe_clip(odd_path)
    assert (info.count, info.fps, info.first_number) == (12, 24, 0)
    with open_clip(reference_for(odd_path)) as clip:
        for index, frame in enumerate(clip.frames()):
            assert np.array_equal(frame, frames[index])


def test_hole_is_named(odd_path: Path) -> None:
    fill(odd_path, [1, 2, 3, 5, 6, 9])
    assert probe_clip(odd_path).missing_numbers == (4, 7, 8)
    with pytest.raises(InputError, match="there is no number 4, 7-8") as error:
        open_clip(reference_for(odd_path))
    assert error.value.code == "clip-gaps"
    with open_clip(reference_for(odd_path, 0, 3)) as clip:
        assert [number_of(frame) for frame in clip.frames()] == [0, 1, 2]


def test_renders_on_twos_have_no_holes(odd_path: Path) -> None:
    fill(odd_path, [10, 12, 14, 16], "shot02_{:04d}.png")
    assert probe_clip(odd_path).missing_numbers == ()
    with open_clip(reference_for(odd_path)) as clip:
        assert clip.count == 4


def test_mixed_sizes_name_the_file(odd_path: Path) -> None:
    fill(odd_path, [0, 1, 2])
    write_png(odd_path / "frame_3.png", np.zeros((50, 40, 3), np.uint8))
    with pytest.raises(InputError, match=r"frame_3\.png is 40x50 .* frame_0\.png is 96x64"):
        probe_clip(odd_path)


@pytest.mark.parametrize("other", ["frame_1.jpg", "copy_001.png"])
def test_two_sequences(odd_path: Path, other: str) -> None:
    frames = fill(odd_path, [0, 1, 2])
    write_png(odd_path / "extra.png", frames[0])
    (odd_path / "extra.png").rename(odd_path / other)
    with pytest.raises(InputError, match=r"same number|more than one sequence"):
        probe_clip(odd_path)


def test_empty_folder(odd_path: Path) -> None:
    with pytest.raises(InputError, match="no numbered images"):
        probe_clip(odd_path)


def test_cut_off_image_is_named(odd_path: Path) -> None:
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    for index in range(3):
        Image.fromarray(noise).save(odd_path / f"frame_{index}.jpg")
    whole = (odd_path / "frame_1.jpg").read_bytes()
    (odd_path / "frame_1.jpg").write_bytes(whole[: len(whole) // 2])
    with open_clip(reference_for(odd_path)) as clip:
        clip.read(0)
        with pytest.raises(InputError, match=r"frame_1\.jpg is damaged or cut off"):
            clip.read(1)


def test_kinds_of_pictures(odd_path: Path) -> None:
    """Turned by EXIF, transparent, 16-bit, grey and palette images become upright 8-bit RGB."""
    from PIL import Image

    frame = numbered_frames(1)[0]
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(frame).save(odd_path / "turned.jpg", exif=exif, quality=95)
    turned = read_image(odd_path / "turned.jpg")
    assert turned.shape == (96, 64, 3) and turned[4, -5, 0] > 180
    alpha = np.dstack([frame, np.full(frame.shape[:2], 9, np.uint8)])
    Image.fromarray(alpha).save(odd_path / "alpha.png")
    assert np.array_equal(read_image(odd_path / "alpha.png"), frame)
    grey = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96) * 10
    Image.fromarray(grey).save(odd_path / "deep.png")
    assert np.array_equal(read_image(odd_path / "deep.png")[..., 0], (grey >> 8).astype(np.uint8))
    assert np.array_equal(read_grey(odd_path / "deep.png"), (grey >> 8).astype(np.uint8))
    Image.fromarray(frame).quantize(8).save(odd_path / "palette.png")
    assert np.abs(read_image(odd_path / "palette.png").astype(int) - frame).max() < 12


def test_hash_follows_contents(odd_path: Path) -> None:
    frames = fill(odd_path, [0, 1, 2])
    before = hash_clip(odd_path)
    (odd_path / "unrelated.txt").write_text("x")
    assert hash_clip(odd_path) == before
    write_png(odd_path / "frame_1.png", frames[2])
    assert hash_clip(odd_path) != before


def test_numbers_in_words() -> None:
    assert list_numbers([3, 5, 6, 7, 20]) == "3, 5-7, 20"
    assert list_numbers(range(0, 40, 2)).endswith("14 and 12 more")


def test_whole_and_cut_png(odd_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    path = odd_path / "a.png"
    write_png(path, noise)
    assert intact_size(path) == (96, 64)
    whole = path.read_bytes()
    for damaged in (whole[:-200], whole[:500], b"", whole[:900] + b"x" + whole[901:]):
        path.write_bytes(damaged)
        assert intact_size(path) is None
    assert intact_size(odd_path / "none.png") is None
