"""Reading video files: exact frames, and every kind of odd or damaged file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mf_backend.clip import hash_clip, open_clip, probe_clip, reference_for
from mf_backend.contracts.errors import InputError

from .conftest import SIZE, index_at_front, number_of, numbered_frames

Make = Callable[..., Path]


def numbers(path: Path, first: int = 0, count: int = 0) -> list[int]:
    with open_clip(reference_for(path, first, count)) as clip:
        return [number_of(frame) for frame in clip.frames()]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mov", "prores_ks", "yuv422p10le"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.mov", "prores_ks", "yuva444p10le"),
        ("a.mp4", "libx265", "yuv420p10le"),
    ],
)
def test_every_frame_in_order(
    odd_path: Path, make_video: Make, name: str, codec: str, pix_fmt: str
) -> None:
    path = make_video(odd_path / name, numbered_frames(20), codec, pix_fmt)
    info = probe_clip(path)
    assert (info.width, info.height) == SIZE
    assert (info.count, info.fps) == (20, 25)
    assert not info.variable_rate
    assert numbers(path) == list(range(20))


def test_alpha_is_mentioned(odd_path: Path, make_video: Make) -> None:
    path = make_video(odd_path / "a.mov", numbered_frames(3), "prores_ks", "yuva444p10le")
    assert [code for code, _ in probe_clip(path).notes] == ["clip-alpha"]


def test_frames_equal_what_imageio_reads(odd_path: Path, make_video: Make) -> None:
    import imageio.v3

    path = make_video(odd_path / "a.mp4", numbered_frames(12))
    expected = imageio.v3.imread(path, plugin="pyav")
    with open_clip(reference_for(path)) as clip:
        found = np.stack(list(clip.frames()))
    assert np.array_equal(found, expected)


def test_range_and_jumps(odd_path: Path, make_video: Make) -> None:
    path = make_video(odd_path / "a.mp4", numbered_frames(30), options={"g": "7", "bf": "2"})
    assert numbers(path, 11, 6) == [11, 12, 13, 14, 15, 16]
    with open_clip(reference_for(path, 5, 20)) as clip:
        assert clip.start_seconds == pytest.approx(5 / 25)
        for index in (0, 19, 3, 3, 2, 18, 7):
            assert number_of(clip.read(index)) == 5 + index
        with pytest.raises(IndexError):
            clip.read(20)


def test_range_outside_the_clip(odd_path: Path, make_video: Make) -> None:
    path = make_video(odd_path / "a.mp4", numbered_frames(10))
    with pytest.raises(InputError, match="frames 0 to 9"):
        open_clip(reference_for(path, 8, 5))


def test_one_frame(odd_path: Path, make_video: Make) -> None:
    path = make_video(odd_path / "a.mp4", numbered_frames(1))
    assert probe_clip(path).count == 1
    assert numbers(path) == [0]


def test_variable_rate_is_flagged(odd_path: Path, make_video: Make) -> None:
    times = [0, 40, 80, 200, 240, 280, 600, 640]
    path = make_video(odd_path / "a.mp4", numbered_frames(8), times=times)
    info = probe_clip(path)
    assert info.variable_rate
    assert [code for code, _ in info.notes] == ["clip-variable-rate"]
    assert numbers(path) == list(range(8))


def test_ntsc_rate_is_exact(odd_path: Path, make_video: Make) -> None:
    path = make_video(odd_path / "a.mp4", numbered_frames(24), fps=Fraction(30000, 1001))
    assert probe_clip(path).fps == Fraction(30000, 1001)
    assert probe_clip(path, fps=25).fps == 25


def turn(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write a display matrix into an mp4's track header, as phones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    start = at + (52 if data[at] == 1 else 40)
    a, b, c, d = (value * 0x10000 for value in matrix)
    for k, value in enumerate((a, b, 0, c, d, 0)):
        data[start + 4 * k : start + 4 * k + 4] = value.to_bytes(4, "big", signed=True)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        ((0, 1, -1, 0), "top right"),
        ((0, -1, 1, 0), "bottom left"),
        ((-1, 0, 0, -1), "bottom right"),
    ],
)
def test_phone_rotation(
    odd_path: Path, make_video: Make, matrix: tuple[int, int, int, int], corner: str
) -> None:
    path = make_video(odd_path / "a.mp4", numbered_frames(4))
    turn(path, matrix)
    info = probe_clip(path)
    upright = SIZE if corner == "bottom right" else SIZE[::-1]
    assert (info.width, info.height) == upright
    with open_clip(reference_for(path)) as clip:
        frame = clip.read(0)
    assert frame.shape == (upright[1], upright[0], 3)
    y = 4 if "top" in corner else -5
    x = 4 if "left" in corner else -5
    assert frame[y, x, 0] > 180 and frame[y, x, 1] < 90


def test_cut_off_file_names_the_frame(odd_path: Path, make_video: Make) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (20, 64, 96, 3), dtype=np.uint8)
    path = make_video(odd_path / "a.mp4", list(noise), options={"movflags": "faststart"})
    # An index at the front and pictures that end early: what a broken download looks like.
    whole = index_at_front(path, odd_path / "front.mp4").read_bytes()
    cut = odd_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(InputError, match=r"cut\.mp4 is cut off: .* 20 frames.* frame 1\d") as error:
        probe_clip(cut)
    assert error.value.code == "clip-cut-off"
    good = int(error.value.hint.split("first ")[1].split(" ")[0])
    with open_clip(reference_for(cut, 0, good - 1)) as clip:
        assert clip.count == good - 1
        clip.read(0)


def test_file_without_index(odd_path: Path, make_video: Make) -> None:
    path = make_video(odd_path / "a.mp4", numbered_frames(20))
    cut = odd_path / "b.mp4"
    cut.write_bytes(path.read_bytes()[:600])
    with pytest.raises(InputError, match=r"b\.mp4 cannot be read as a video"):
        probe_clip(cut)


def test_damage_inside_names_the_frame(odd_path: Path, make_video: Make) -> None:
    noise = np.random.default_rng(2).integers(0, 255, (12, 64, 96, 3), dtype=np.uint8)
    path = make_video(odd_path / "a.mov", list(noise), "prores_ks", "yuv422p10le")
    import av

    with av.open(str(path)) as source:
        places = [(p.pos, p.size) for p in source.demux(source.streams.video[0]) if p.size]
    data = bytearray(path.read_bytes())
    position, size = places[7]
    data[position : position + size] = bytes(size)
    path.write_bytes(data)
    with open_clip(reference_for(path)) as clip, pytest.raises(InputError, match="Frame 7 of"):
        for _ in clip.frames():
            pass


@pytest.mark.parametrize("content", [b"", b"no video at all, just text\n" * 50])
def test_not_a_video(odd_path: Path, content: bytes) -> None:
    path = odd_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a video"):
        probe_clip(path)


def test_missing(odd_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        probe_clip(odd_path / "none.mp4")


def test_hash_tells_files_apart(odd_path: Path, make_video: Make) -> None:
    a = make_video(odd_path / "a.mp4", numbered_frames(3))
    b = make_video(odd_path / "b.mp4", numbered_frames(4))
    assert hash_clip(a) == hash_clip(a) != hash_clip(b)


def test_long_clip_is_not_held_in_memory(odd_path: Path, make_video: Make) -> None:
    """Reading 200 frames of 640x360 keeps one frame, not 138 MB of them."""
    import tracemalloc

    path = make_video(odd_path / "a.mp4", numbered_frames(1, (640, 360)) * 200)
    tracemalloc.start()
    with open_clip(reference_for(path)) as clip:
        assert sum(1 for _ in clip.frames()) == 200
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 640 * 360 * 3
