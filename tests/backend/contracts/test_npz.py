"""Arrays from somebody else's .npz: read where they are right, named where they are not."""

from __future__ import annotations

import io
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mf_backend.contracts.checks.npz import NpzError, ShapeError, WantedArray, read_npz
from tests.backend.tiny_job import printed

WANTED = {
    "target": WantedArray(({4}, {60}, {2}), "[frames, 60, 2]"),
    "size": WantedArray(({2},), "(width, height)"),
}
JOINTS = np.arange(480, dtype=np.float32).reshape(4, 60, 2)
SIZE = np.array([96, 128])


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header(text: str, version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """The beginning of a .npy with any text for its header."""
    data = text.encode("latin-1")
    kind = "<H" if version == (1, 0) else "<I"
    size = struct.pack(kind, len(data) if length is None else length)
    return b"\x93NUMPY" + bytes(version) + size + data


def packed(target: bytes, path: Path, method: int = zipfile.ZIP_DEFLATED, **more: bytes) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("target.npy", target)
        archive.writestr("size.npy", npy(SIZE))
        for name, data in more.items():
            archive.writestr(name, data)


def plain(path: Path) -> bytes:
    np.savez_compressed(path, target=JOINTS, size=SIZE)
    return path.read_bytes()


def edited(path: Path, edit: Callable[[bytearray], None]) -> None:
    data = bytearray(plain(path))
    edit(data)
    path.write_bytes(bytes(data))


def set_in_headers(data: bytearray, local: int, central: int, value: int) -> None:
    """Set a 16-bit field of every local and central header of a zip."""
    for mark, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset : at + offset + 2] = struct.pack("<H", value)
            at = data.find(mark, at + 4)


def cut(path: Path) -> None:
    path.write_bytes(plain(path)[:300])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def one_plain_array(path: Path) -> None:
    path.write_bytes(npy(JOINTS))


def broken_stream(path: Path) -> None:
    edited(path, lambda data: data.__setitem__(slice(60, 90), b"\xff" * 30))


def encrypted(path: Path) -> None:
    edited(path, lambda data: set_in_headers(data, 6, 8, 1))


def unknown_packing(path: Path) -> None:
    edited(path, lambda data: set_in_headers(data, 8, 10, 99))


def brackets(path: Path) -> None:
    packed(header("(" * 900), path)


def operators(path: Path) -> None:
    packed(header("-" * 1000 + "1"), path)


def enormous(path: Path) -> None:
    shape = "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000, 60, 2), }\n"
    packed(header(shape), path)


def beyond_numbers(path: Path) -> None:
    packed(
        header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**30}, 60, 2)}}\n"), path
    )


def shape_of_switches(path: Path) -> None:
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 60, 2), }\n"
    packed(header(text) + bytes(480), path)


def endless_header(path: Path) -> None:
    packed(header("x" * 5000, (2, 0), length=2**31), path)


def more_data_than_said(path: Path) -> None:
    packed(npy(JOINTS) + bytes(100_000), path)


def less_data_than_said(path: Path) -> None:
    packed(npy(JOINTS)[:-8], path)


def another_shape(path: Path) -> None:
    np.savez(path, target=JOINTS[:, :18], size=SIZE)


def texts(path: Path) -> None:
    np.savez(path, target=JOINTS.astype("U8"), size=SIZE)


def complex_numbers(path: Path) -> None:
    np.savez(path, target=JOINTS.astype(np.complex64), size=SIZE)


def objects(path: Path) -> None:
    np.savez(path, target=JOINTS.astype(object), size=SIZE)


def records(path: Path) -> None:
    np.savez(path, target=np.zeros((4, 60, 2), [("x", "<f4")]), size=SIZE)


def under_another_name(path: Path) -> None:
    np.savez(path, joints=JOINTS, size=SIZE)


def one_more(path: Path) -> None:
    np.savez(path, target=JOINTS, size=SIZE, notes=JOINTS)


def one_twice(path: Path) -> None:
    packed(npy(JOINTS), path, **{"target.npy": npy(JOINTS)})


def no_size(path: Path) -> None:
    np.savez(path, target=JOINTS)


CASES = [
    (cut, "no .npz, or damaged"),
    (emptied, "no .npz, or damaged"),
    (one_plain_array, "no .npz, or damaged"),
    (broken_stream, "`target` is damaged"),
    (encrypted, "`target` is encrypted"),
    (unknown_packing, "`target` is packed in a way"),
    (brackets, "`target` is damaged"),
    (operators, "`target` is damaged"),
    (enormous, r"`target` is \[10000000000000, 60, 2\]; it must be \[frames, 60, 2\]"),
    (beyond_numbers, "`target` is "),
    (shape_of_switches, "`target` is damaged"),
    (endless_header, "`target` is damaged"),
    (more_data_than_said, "`target` is longer or shorter"),
    (less_data_than_said, "`target` is longer or shorter"),
    (another_shape, r"`target` is \[4, 18, 2\]"),
    (texts, "`target` holds no plain numbers"),
    (complex_numbers, "`target` holds no plain numbers"),
    (objects, "`target` holds no plain numbers"),
    (records, "`target` holds no plain numbers"),
    (under_another_name, "no `target`, only joints, size"),
    (one_more, "it holds notes, which nothing here reads"),
    (one_twice, "one twice"),
    (no_size, "no `size`, only target"),
]


@pytest.mark.parametrize(("spoil", "words"), CASES, ids=[case[0].__name__ for case in CASES])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_is_wrong_is_said(odd_path: Path, spoil: Callable[[Path], None], words: str) -> None:
    path = odd_path / "joints.npz"
    spoil(path)
    with pytest.raises(NpzError, match=words) as caught:
        read_npz(path, WANTED)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "array",
    [
        JOINTS,
        JOINTS.astype(">f8"),
        np.asfortranarray(JOINTS),
        JOINTS.astype(np.int16),
        np.where(JOINTS > 9, np.nan, JOINTS),
    ],
    ids=["float32", "big-endian", "columns", "whole", "absent"],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_plain_array_is_read_as_numpy_does(odd_path: Path, array: Any, save: Any) -> None:
    path = odd_path / "joints.npz"
    save(path, target=array, size=SIZE)
    read = read_npz(path, WANTED)
    with np.load(path) as data:
        assert np.array_equal(read["target"], data["target"], equal_nan=True)
    assert read["target"].dtype.isnative and read["size"].tolist() == [96, 128]


def test_a_shape_can_be_asked_for(odd_path: Path) -> None:
    another_shape(odd_path / "a.npz")
    with pytest.raises(ShapeError) as caught:
        read_npz(odd_path / "a.npz", WANTED)
    assert (caught.value.key, caught.value.shape) == ("target", (4, 18, 2))


def test_what_is_not_there_and_what_is_known(odd_path: Path) -> None:
    with pytest.raises(NpzError) as caught:
        read_npz(odd_path / "none.npz", WANTED)
    assert caught.value.missing
    one_more(odd_path / "a.npz")
    assert set(read_npz(odd_path / "a.npz", WANTED, known=["notes"])) == {"target", "size"}


@settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_are_found_or_change_nothing(
    odd_path: Path, changes: list[tuple[int, int]]
) -> None:
    path = odd_path / "joints.npz"
    data = bytearray(plain(path))
    for place, value in changes:
        data[place % len(data)] = value
    path.write_bytes(bytes(data))
    try:
        read = read_npz(path, WANTED)
    except NpzError as error:
        assert "\n" not in str(error)
    else:
        assert np.array_equal(read["target"], JOINTS) and np.array_equal(read["size"], SIZE)


@pytest.mark.skipif(sys.platform != "linux", reason="reads its peak from /proc")
def test_a_flood_of_zeros_takes_no_memory(odd_path: Path) -> None:
    """A small file that unpacks to 400 MB, with the right shape in its header and with its own."""
    path = odd_path / "joints.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("target.npy", "w", force_zip64=True) as file:
            file.write(npy(JOINTS))
            for _ in range(24):
                file.write(bytes(1 << 24))
        archive.writestr("size.npy", npy(SIZE))
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from mf_backend.contracts.checks.npz import NpzError, WantedArray, read_npz\n"
        "wanted = {'target': WantedArray((range(1, 5), {60}, {2}), 'x')}\n"
        "try:\n"
        "    read_npz(Path(sys.argv[1]), wanted)\n"
        "except NpzError as error:\n"
        "    status = Path('/proc/self/status').read_text().split()\n"
        "    print(status[status.index('VmHWM:') + 1])\n"
    )
    assert 0 < int(printed(script, path)) < 200 << 10
