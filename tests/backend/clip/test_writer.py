"""Writing mp4 files: size, rate, colours, sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mf_backend.clip import encode_mp4, open_clip, probe_clip, reference_for
from mf_backend.contracts.errors import OutputError

from .conftest import numbered_frames


def sound(path: Path) -> tuple[np.ndarray, int]:
    """First channel and rate of a file's sound."""
    with av.open(str(path)) as file:
        blocks = [frame.to_ndarray() for frame in file.decode(audio=0)]
        rate = file.streams.audio[0].rate
    return np.concatenate(blocks, axis=1)[0], rate


def test_odd_size_is_padded(odd_path: Path) -> None:
    path = odd_path / "a.mp4"
    encode_mp4(numbered_frames(5, (77, 51)), (77, 51), Fraction(24000, 1001), path)
    info = probe_clip(path)
    assert (info.width, info.height, info.count) == (78, 52, 5)
    assert info.fps == Fraction(24000, 1001)
    assert not info.has_audio


def test_colours_survive(odd_path: Path) -> None:
    colours = [(200, 30, 30), (30, 200, 30), (40, 40, 220), (128, 128, 128), (250, 250, 250)]
    frames = [np.full((64, 64, 3), colour, np.uint8) for colour in colours]
    encode_mp4(frames, (64, 64), Fraction(25), odd_path / "a.mp4")
    with open_clip(reference_for(odd_path / "a.mp4")) as clip:
        for frame, colour in zip(clip.frames(), colours, strict=True):
            assert np.abs(frame.reshape(-1, 3).mean(axis=0) - colour).max() < 4


def test_sound_is_cut_to_the_range(odd_path: Path, make_video: Callable[..., Path]) -> None:
    source = make_video(odd_path / "source.mp4", numbered_frames(50), sound=True)
    assert probe_clip(source).has_audio
    out = odd_path / "out.mp4"
    with open_clip(reference_for(source, 20, 25)) as clip:
        encode_mp4(
            clip.frames(), clip.size, clip.fps, out, source, clip.start_seconds,
            clip.duration_seconds,
        )  # fmt: skip
    wave, rate = sound(out)
    assert len(wave) / rate == pytest.approx(1.0, abs=0.05)
    # The loudness of the source tells the time: 0.8 * t / 2 s.
    early, late = wave[: rate // 5], wave[4 * rate // 5 : rate]
    assert np.abs(early).max() == pytest.approx(0.8 * 1.0 / 2, abs=0.04)
    assert np.abs(late).max() == pytest.approx(0.8 * 1.8 / 2, abs=0.04)
    assert probe_clip(out).count == 25


def test_source_without_sound(odd_path: Path, make_video: Callable[..., Path]) -> None:
    source = make_video(odd_path / "source.mp4", numbered_frames(5))
    encode_mp4(numbered_frames(5), (96, 64), Fraction(25), odd_path / "o.mp4", source, 0.0, 0.2)
    assert not probe_clip(odd_path / "o.mp4").has_audio


def test_folder_that_cannot_be_written(odd_path: Path) -> None:
    (odd_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        encode_mp4(numbered_frames(2), (96, 64), Fraction(25), odd_path / "file" / "a.mp4")
    assert (odd_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("size", [(34, 50), (50, 66), (97, 131), (130, 100)])
def test_the_same_frames_give_the_same_bytes(odd_path: Path, size: tuple[int, int]) -> None:
    """Memory is filled with other values before each: the encoder must not read what nobody set."""
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    frames = [np.roll(noise, 3 * index, axis=1) for index in range(24)]

    def remembering(number: int) -> Iterator[np.ndarray]:
        for frame in frames:
            former = [np.full(5000 * k + 999, 40 * number + k, np.uint8) for k in range(1, 40)]
            del former
            yield frame

    written = []
    for number in range(6):
        path = odd_path / f"{number}.mp4"
        encode_mp4(remembering(number), size, Fraction(12), path)
        written.append(path.read_bytes())
    assert len(set(written)) == 1


def test_sound_gives_the_same_bytes(odd_path: Path, make_video: Callable[..., Path]) -> None:
    source = make_video(odd_path / "source.mp4", numbered_frames(50), sound=True)
    for name in ("a.mp4", "b.mp4"):
        encode_mp4(
            numbered_frames(25), (96, 64), Fraction(25), odd_path / name, source, 0.4, 1.0
        )  # fmt: skip
    assert (odd_path / "a.mp4").read_bytes() == (odd_path / "b.mp4").read_bytes()
