"""Films as editors, broadcasters and strangers leave them."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from mf_backend.clip import open_clip, probe_clip, reference_for
from mf_backend.contracts.errors import InputError
from tests.backend.clip.conftest import index_at_front, numbered_frames, rising_tone
from tests.backend.clip.test_video import numbers

Make = Callable[..., Path]


def move_edit(path: Path, later: int, shorter: int) -> None:
    """Let an mp4 of 25 fps written by FFmpeg show `later` frames less at its start and `shorter`
    less in all: its edit list is (length in ms, first time in the stream's clock)."""
    data = bytearray(path.read_bytes())
    place = data.find(b"elst") + 12
    length, begin = struct.unpack_from(">Ii", data, place)
    struct.pack_into(">Ii", data, place, length - 40 * shorter, begin + 512 * later)
    path.write_bytes(data)


@pytest.mark.parametrize("b_frames", ["0", "2"])
@pytest.mark.parametrize(("later", "shorter"), [(4, 4), (0, 4), (3, 7)])
def test_edit_lists_are_honoured(
    odd_path: Path, make_video: Make, b_frames: str, later: int, shorter: int
) -> None:
    path = make_video(odd_path / "edit.mp4", numbered_frames(12), options={"bf": b_frames})
    move_edit(path, later, shorter)
    shown = list(range(later, later + 12 - shorter))
    assert probe_clip(path).count == len(shown)
    assert numbers(path) == shown
    assert numbers(path, 2, 3) == shown[2:5]


def test_an_edit_list_does_not_hide_that_a_file_is_cut_off(
    odd_path: Path, make_video: Make
) -> None:
    plain = make_video(odd_path / "plain.mp4", noise(12))
    path = index_at_front(plain, odd_path / "edit.mp4")
    move_edit(path, 2, 2)
    assert probe_clip(path).count == 10
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(InputError, match=r"cut off|cannot be decoded"):
        probe_clip(path)


def noise(count: int, size: tuple[int, int] = (96, 64)) -> list[np.ndarray]:
    """Frames that all differ: a pattern that wanders."""
    rng = np.random.default_rng(0)
    wide = rng.integers(0, 255, (size[1], size[0] + 7 * count, 3), dtype=np.uint8)
    wide = cv2.GaussianBlur(wide, (0, 0), 3)
    return [np.ascontiguousarray(wide[:, 7 * i : 7 * i + size[0]]) for i in range(count)]


@pytest.mark.parametrize("ending", ["ts", "mpg"])
@pytest.mark.parametrize("flags", ["+ildct+ilme", ""])
def test_streams_without_an_index_are_read_in_any_order(
    odd_path: Path, make_video: Make, ending: str, flags: str
) -> None:
    """Interlaced and progressive MPEG-2, as broadcast."""
    options = {"g": "12", "bf": "2"} | ({"flags": flags} if flags else {})
    path = make_video(odd_path / f"tv.{ending}", noise(40), codec="mpeg2video", options=options)
    with open_clip(reference_for(path)) as clip:
        wanted = list(clip.frames())
        assert len(wanted) == 40
        for index in (39, 0, 20, 5, 38, 11, 12, 13, 2, 1):
            assert np.array_equal(clip.read(index), wanted[index]), index


def test_sound_with_a_cover_is_no_film(odd_path: Path) -> None:
    path = odd_path / "song.mp3"
    cover = cv2.imencode(".png", numbered_frames(1)[0])[1].tobytes()
    with av.open(str(path), "w") as out:
        tone = out.add_stream("mp3", rate=48000)
        picture = out.add_stream("png")
        picture.width, picture.height, picture.pix_fmt = 96, 64, "rgb24"
        picture.disposition = av.stream.Disposition.attached_pic
        packet = av.Packet(cover)
        packet.stream, packet.pts, packet.dts = picture, 0, 0
        out.mux(packet)
        block = av.AudioFrame.from_ndarray(rising_tone(1.0), format="fltp", layout="stereo")
        block.sample_rate, block.pts = 48000, 0
        out.mux(tone.encode(block))
        out.mux(tone.encode())
    with av.open(str(path)) as made:
        assert len(made.streams.video) == 1
    with pytest.raises(InputError, match="only sound") as error:
        probe_clip(path)
    assert error.value.code == "clip-no-video"


POINTERS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfilm.mp4\n#EXT-X-ENDLIST\n",
    "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n",
    "concat.mp4": "ffconcat version 1.0\nfile film.mp4\n",
    "plain.concat": "file film.mp4\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    "manifest.mpd": '<?xml version="1.0"?>\n<MPD type="static"><Period/></MPD>\n',
    "bom.mkv": "\ufeff  #EXTM3U\nfilm.mp4\n",
}


@pytest.mark.parametrize("name", POINTERS)
def test_files_that_point_elsewhere_are_not_followed(
    odd_path: Path, make_video: Make, name: str
) -> None:
    make_video(odd_path / "film.mp4", numbered_frames(3))
    (odd_path / name).write_text(POINTERS[name], encoding="utf-8")
    begun = time.monotonic()
    with pytest.raises(InputError) as error:
        probe_clip(odd_path / name)
    assert error.value.code == "clip-playlist" and name in error.value.message
    assert time.monotonic() - begun < 5


def test_formats_that_nobody_films_in_are_refused(odd_path: Path) -> None:
    """A drawing that names another picture, and a file list in FFmpeg's oldest dress."""
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><image href="film.png"/></svg>'
    (odd_path / "film.svg").write_text(drawing, encoding="utf-8")
    cv2.imencode(".png", numbered_frames(1)[0])[1].tofile(odd_path / "frame_1.png")
    (odd_path / "frame_%d.png").write_bytes(b"not a picture")
    for name in ("film.svg", "frame_%d.png"):
        with pytest.raises(InputError, match="cannot be read as a video"):
            probe_clip(odd_path / name)


def test_transparency_beside_the_picture_is_mentioned(odd_path: Path) -> None:
    """As WebM marks it."""
    path = odd_path / "a.webm"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libvpx-vp9", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuva420p"
        for array in numbered_frames(2):
            frame = av.VideoFrame.from_ndarray(array, format="rgb24").reformat(format="yuva420p")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert [code for code, _ in probe_clip(path).notes] == ["clip-alpha"]
