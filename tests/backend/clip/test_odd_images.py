"""Folders of images as cameras, scanners and other programs leave them: depths, names, strangers
among the frames."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mf_backend.clip import hash_clip, open_clip, probe_clip, reference_for
from mf_backend.clip.picture_file import read_grey, read_image
from mf_backend.contracts.errors import InputError
from tests.backend.clip.conftest import numbered_frames
from tests.backend.clip.test_images import fill
from tests.backend.tiny_job import printed

RAMP = np.linspace(0, 1, 64 * 48, dtype=np.float32).reshape(48, 64)
IN_BYTES = np.rint(RAMP * 255)
COLOURS = np.stack([RAMP, RAMP**2, 1 - RAMP], axis=2)


def near(picture: np.ndarray, wanted: np.ndarray) -> bool:
    """Equal up to one step of 255."""
    return bool(np.abs(picture.astype(int) - wanted.astype(int)).max() <= 1)


def test_float_pictures_reach_from_black_to_white(odd_path: Path) -> None:
    Image.fromarray(RAMP).save(odd_path / "grey.tif")
    assert near(read_image(odd_path / "grey.tif")[..., 1], IN_BYTES)
    assert near(read_grey(odd_path / "grey.tif"), IN_BYTES)
    Image.fromarray(RAMP * 4).save(odd_path / "bright.tif")
    bright = read_image(odd_path / "bright.tif")[..., 0]
    assert near(bright, np.rint(np.clip(RAMP * 4, 0, 1) * 255))
    Image.fromarray(IN_BYTES.astype(np.float32)).save(odd_path / "bytes.tif")
    assert near(read_image(odd_path / "bytes.tif")[..., 2], IN_BYTES)


def test_float_colours(odd_path: Path) -> None:
    stored = np.ascontiguousarray(COLOURS[..., ::-1])
    # 1 is TIFF's "no compression"; OpenCV's own choice for floats loses digits.
    _, data = cv2.imencode(".tif", stored, [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    for index in range(2):
        (odd_path / f"f_{index}.tif").write_bytes(data.tobytes())
    assert probe_clip(odd_path).width == 64
    with open_clip(reference_for(odd_path)) as clip:
        assert near(clip.read(1), np.rint(COLOURS * 255))
    (odd_path / "f_1.tif").write_bytes(data.tobytes()[: data.size // 2])
    with pytest.raises(InputError, match=r"f_1\.tif is damaged or cut off"):
        probe_clip(odd_path)


@pytest.mark.parametrize(
    ("kind", "top"),
    [(np.uint16, 65535), (np.int16, 32767), (np.int32, 2**31 - 1)],
)
def test_whole_numbers_of_all_widths(odd_path: Path, kind: type, top: int) -> None:
    values = (RAMP.astype(np.float64) * top).astype(kind)
    (odd_path / "x.tif").write_bytes(cv2.imencode(".tif", values)[1].tobytes())
    assert near(read_image(odd_path / "x.tif")[..., 0], IN_BYTES)


def test_transparency_that_begins_later_is_mentioned(odd_path: Path) -> None:
    frames = fill(odd_path, [0, 1, 2])
    assert probe_clip(odd_path).notes == ()
    alpha = np.dstack([frames[2], np.full(frames[2].shape[:2], 9, np.uint8)])
    Image.fromarray(alpha).save(odd_path / "frame_2.png")
    ((code, sentence),) = probe_clip(odd_path).notes
    assert code == "clip-alpha" and "frame_2.png is the first" in sentence


PROBE = """
import sys
from pathlib import Path
from mf_backend.clip import probe_clip
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.machine.resources import PeakMemory
peak = PeakMemory()
try:
    print("read", probe_clip(Path(sys.argv[1])).count)
except InputError as error:
    print(error.code, error)
print((peak.read()["process_bytes"] or 0) >> 20)
"""


def probe_apart(folder: Path) -> tuple[str, int]:
    """(what probing said, MiB at most) in a process of its own, which may not take long."""
    said, peak = printed(PROBE, folder).splitlines()
    return said, int(peak)


@pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes in folders")
def test_a_pipe_among_the_frames(odd_path: Path) -> None:
    fill(odd_path, [0, 1, 2])
    os.mkfifo(odd_path / "frame_3.png")
    said, _ = probe_apart(odd_path)
    assert said.startswith("clip-unreadable frame_3.png in") and "a pipe" in said


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([f"f_{n}" for n in (1, 2, 3, 1_700_000_000)], "between f_3.png and f_1700000000.png"),
        # A clock's milliseconds, over a day.
        ([f"f_{1_700_000_000_000 + 39_000 * n + n % 3}" for n in range(2200)], "not numbered"),
        ([f"f_{n}" for n in (1, 2)] + ["f_" + "7" * 200], "has 200 digits"),
        (["f_" + "7" * 200 + str(n) for n in range(3)], "has 201 digits"),
    ],
)
def test_numbers_that_are_no_frame_numbers(odd_path: Path, names: list[str], words: str) -> None:
    picture = Image.fromarray(numbered_frames(1)[0])
    for name in names:
        picture.save(odd_path / f"{name}.png")
    said, peak = probe_apart(odd_path)
    assert said.startswith("clip-numbers ") and words in said
    assert peak < 400


def test_ten_digits_in_a_row_are_fine(odd_path: Path) -> None:
    fill(odd_path, [1_700_000_001, 1_700_000_002, 1_700_000_004])
    assert probe_clip(odd_path).missing_numbers == (1_700_000_003,)


@pytest.mark.skipif(sys.platform != "linux", reason="names may be any bytes on Linux alone")
@pytest.mark.parametrize("name", [b"h\xe4nd_%d.png", b"line\nbreak_%d.png"])
def test_names_of_any_bytes(odd_path: Path, name: bytes) -> None:
    frames = fill(odd_path, [0, 1, 2])
    for index in range(3):
        (odd_path / f"frame_{index}.png").rename(odd_path / os.fsdecode(name % index))
    with open_clip(reference_for(odd_path)) as clip:
        assert np.array_equal(clip.read(2), frames[2])
    assert len(hash_clip(odd_path)) == 64


def test_a_program_that_is_called_a_picture_is_not_run(odd_path: Path) -> None:
    """Pillow would hand PostScript to an interpreter."""
    drawing = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 96 64\n%%EndComments\nshowpage\n"
    for index in range(2):
        (odd_path / f"frame_{index}.png").write_text(drawing, "ascii")
    with pytest.raises(InputError, match="it is no picture"):
        probe_clip(odd_path)
