"""job.json through its door: every wrong value is one sentence that names its field."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mf_backend.contracts.checks.rules import SEED_LIMIT
from mf_backend.contracts.errors import FieldError, InputError
from mf_backend.contracts.request import LARGEST_REQUEST, from_dict, read_request, to_dict

GOOD: dict[str, Any] = {
    "id": "shot 7 ü",
    "reference": {"path": "/clips/a", "kind": "images", "fps": 24},
    "target": {"joints": "inputs/target_joints.npz"},
    "settings": {},
}


def changed(field: str, value: Any) -> dict[str, Any]:
    """A good request with one value replaced: "settings.seed" or "id"."""
    request = json.loads(json.dumps(GOOD))
    place = request
    *outer, last = field.split(".")
    for name in outer:
        place = place.setdefault(name, {})
    place[last] = value
    return request


WRONG = [
    ("id", ""),
    ("id", "a\nINFO forged"),
    ("id", "\ud800"),
    ("id", "a" * 201),
    ("id", 7),
    ("reference", []),
    ("reference.path", "clip"),
    ("reference.path", "/a\0b"),
    ("reference.path", "/\ud800"),
    ("reference.path", "/" + "x" * 300),
    ("reference.path", "/x" * 2500),
    ("reference.kind", ["images"]),
    ("reference.first", -1),
    ("reference.first", 1.0),
    ("reference.count", True),
    ("reference.count", 10**400),
    ("reference.fps", math.nan),
    ("reference.fps", -math.inf),
    ("reference.fps", 1e-300),
    ("reference.fps", 1000.5),
    ("reference.fps", 10**400),
    ("reference.fps", "24"),
    ("reference.sha256", "xyz"),
    ("target.joints", "../other.npz"),
    ("target.joints", "/etc/x.npz"),
    ("target.joints", "C:\\x.npz"),
    ("target.joints", "inputs/\ud800.npz"),
    ("settings.seed", -1),
    ("settings.seed", SEED_LIMIT + 1),
    ("settings.seed", "42"),
    ("settings.steps", 1001),
    ("settings.cfg", math.inf),
    ("settings.cfg", 0.5),
    ("settings.guidance", -1),
    ("settings.solver", "euler"),
    ("settings.start_strength", -0.5),
    ("settings.start_strength", 1.01),
    ("settings.moving_camera", 1),
    ("settings.alignment", {}),
    ("settings.weights", "\ud800"),
    ("settings.source_masks", "masks"),
    ("settings.widen_mask", math.nan),
    ("settings.widen_mask", 33),
    ("settings.person", [0.5, 70, 90]),
    ("settings.person", [-1, 70, 90]),
    ("settings.person", [0, 70]),
    ("settings.person", [0, math.nan, 3]),
    ("settings.clicks", [[0.5, 70, 90]]),
    ("settings.clicks", [[0, 70, 90], [0, 71, 90]]),
    ("settings.clicks", [0, 70, 90]),
    ("settings.engine", "a\x1b[2Jb"),
    ("output.mp4", "result.mp4"),
    ("output.mp4", "/\ud800.mp4"),
    ("about", "x"),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_value_is_named(field: str, value: Any) -> None:
    with pytest.raises(FieldError) as caught:
        from_dict(changed(field, value))
    error = caught.value
    assert error.field.startswith(field) and error.code == "job-invalid"
    assert error.message.startswith(f"In job.json, {error.field} ")
    assert error.message.isprintable() and error.message.endswith(".") and len(error.message) < 400


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("reference.fps", 0, 0.0),
        ("reference.fps", 1000, 1000.0),
        ("reference.path", "C:\\clips\\a", "C:\\clips\\a"),
        ("reference.path", "/not UTF-8 \udcff", "/not UTF-8 \udcff"),
        ("reference.path", "/with a\nline break", "/with a\nline break"),
        ("settings.seed", SEED_LIMIT, SEED_LIMIT),
        ("settings.person", [3, 70, 90.5], (3.0, 70.0, 90.5)),
        ("settings.person", [], ()),
        ("settings.clicks", [[7, 1, 2], [3, 70, 90.5]], ((3.0, 70.0, 90.5), (7.0, 1.0, 2.0))),
        ("settings.unknown", {"newer": 1}, None),
    ],
)
def test_what_is_right_is_kept(field: str, value: Any, kept: Any) -> None:
    request = from_dict(changed(field, value))
    section, _, name = field.partition(".")
    assert getattr(getattr(request, section), name, None) == kept
    assert from_dict(to_dict(request)) == request


def test_what_is_missing_is_named() -> None:
    for name in ("id", "reference", "target"):
        with pytest.raises(FieldError, match=f"In job.json, {name} is missing; it must be "):
            from_dict({key: value for key, value in GOOD.items() if key != name})


def test_infinite_numbers_deep_in_what_is_free(odd_path: Path) -> None:
    with pytest.raises(FieldError, match=r"about\.a\[1\]\.b must be a finite number, not nan"):
        from_dict(changed("about", {"a": [1, {"b": math.nan}]}))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(max_size=8), x, max_size=4)
)
FIELDS = sorted({field for field, _ in WRONG} | {"settings", "target", "output", "schema"})


@settings(derandomize=True, max_examples=300, deadline=None)
@given(field=st.sampled_from(FIELDS), value=JSON)
def test_any_value_is_kept_or_named_in_one_sentence(field: str, value: Any) -> None:
    try:
        request = from_dict(changed(field, value))
    except InputError as error:
        assert error.message.isprintable() and len(error.message) < 400
        assert error.code in ("job-invalid", "job-schema")
    else:
        assert from_dict(to_dict(request)) == request


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"[" * 200_000, "inside each other"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "inside each other"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "thousands of digits"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"{", "line 1"),
        (b"[]", "must be an object"),
        (b" " * (LARGEST_REQUEST + 1), "more than 4096 KiB"),
    ],
    ids=["brackets", "objects", "digits", "bytes", "half", "list", "long"],
)
def test_what_is_no_request(odd_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_request(write(odd_path / "job.json", data))
    assert caught.value.message.isprintable()


def test_brackets_in_texts_are_no_depth(odd_path: Path) -> None:
    request = {**GOOD, "about": {"text": '[{"\\' * 500}}
    read = read_request(write(odd_path / "job.json", json.dumps(request).encode()))
    assert read.about == request["about"]


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize(
    ("make", "words"), [(a_folder, "a folder"), (a_pipe, "a named pipe"), (a_loop, "levels of")]
)
def test_what_is_no_file_is_not_opened(
    odd_path: Path, make: Callable[[Path], None], words: str
) -> None:
    make(odd_path / "job.json")
    with pytest.raises(InputError, match=words):
        read_request(odd_path / "job.json")
