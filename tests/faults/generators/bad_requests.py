"""Wrong job.json files: one field of a right one made wrong, or the text itself broken."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

Field = tuple[str, str]
"""Section ("" for the top) and name."""

_NAN, _INF = float("nan"), float("inf")
_WORDS = st.sampled_from(["", "three", "1e", "None", "\ud800", "ü", "-", "0x10"])
_BOXES = st.sampled_from([None, [], [1], {}, {"a": 1}, [[1, 2]]])
_HUGE = st.sampled_from([10**400, -(10**400), 2**64, 2**80, -(2**63) - 1])
_NO_NUMBER = _WORDS | _BOXES | st.booleans()
_NO_TEXT = _BOXES | st.integers() | st.booleans() | st.floats(allow_nan=True)
_NO_PATH = _NO_TEXT | st.sampled_from(
    ["\0", "a\0b", "\ud800", "/none/at/all", "x" * 5000, "/" + "y" * 300, "relative/clip"]
)
_OUT_OF_FOLDER = st.sampled_from(
    ["/etc/passwd", "../other/joints.npz", "inputs/../../x.npz", "C:\\joints.npz", "\ud800.npz",
     "inputs/none.npz", "in\0puts.npz", "inputs", "z" * 4000]
)  # fmt: skip
_NO_COUNT = _NO_NUMBER | _HUGE | st.integers(max_value=-1) | st.floats(0.01, 0.99)
_NOT_FINITE = st.sampled_from([_NAN, _INF, -_INF])

WRONG: dict[Field, st.SearchStrategy[Any]] = {
    ("", "id"): _NO_TEXT | st.sampled_from(["", "\0", "\ud800", "a\nb", "x" * 3000]),
    ("", "schema"): st.sampled_from([0, 2, "1", None, [], 1e9, -1]),
    ("", "reference"): _NO_TEXT | _WORDS,
    ("", "target"): st.integers() | _WORDS | st.booleans() | st.just({}) | st.just([]),
    ("", "settings"): st.integers() | _WORDS | st.booleans() | st.just([1]),
    ("", "output"): st.integers() | _WORDS | st.booleans() | st.just([1]),
    ("", "about"): st.integers() | _WORDS | st.booleans() | st.just([1]),
    ("reference", "path"): _NO_PATH,
    ("reference", "kind"): _NO_TEXT | st.sampled_from(["", "film", "VIDEO", "\ud800"]),
    ("reference", "first"): _NO_COUNT | st.integers(100, 10**6),
    ("reference", "count"): _NO_COUNT | st.integers(100, 10**6),
    ("reference", "fps"): _NO_NUMBER | _NOT_FINITE | _HUGE
    | st.sampled_from([-1, -1e-9, 1e-300, 1000.5, 1e9]),
    ("target", "joints"): _NO_TEXT | _OUT_OF_FOLDER,
    ("target", "poses"): _NO_TEXT | _OUT_OF_FOLDER,
    ("target", "character_masks"): _NO_TEXT | _OUT_OF_FOLDER,
    ("settings", "engine"): _NO_TEXT | st.sampled_from(["", "film", "Preview", "\ud800"]),
    ("settings", "alignment"): _NO_TEXT | st.sampled_from(["", "fitted", "released", "FIT"]),
    ("settings", "quality"): _NO_TEXT | st.sampled_from(["", "best", "FINAL"]),
    ("settings", "sampler"): _NO_TEXT | st.sampled_from(["", "ddim", "\ud800"]),
    ("settings", "seed"): _NO_COUNT,
    ("settings", "steps"): _NO_COUNT | st.integers(1001, 10**9),
    ("settings", "cfg"): _NO_NUMBER | _NOT_FINITE | st.sampled_from([0.99, -1, 1e300]),
    ("settings", "guidance"): _NO_NUMBER | _NOT_FINITE | st.sampled_from([-0.01, -1, 1e300]),
    ("settings", "solver"): _NO_TEXT | st.sampled_from(["", "DDIM", "dpm"]),
    ("settings", "start_strength"): _NO_NUMBER | _NOT_FINITE | st.sampled_from([-0.1, 1.01, 1e-9]),
    ("settings", "memory"): _NO_TEXT | st.sampled_from(["", "7", "8 GB", "\ud800"]),
    ("settings", "device"): _NO_TEXT | st.sampled_from(["gpu", "cuda:-1", "cuda:x", "\ud800"]),
    ("settings", "widen_mask"): _NO_NUMBER | _NOT_FINITE | st.sampled_from([-0.01, -5, 1e300]),
    ("settings", "keep_limb_lengths"): st.integers() | _WORDS | st.just([]) | st.none(),
    ("settings", "moving_camera"): st.integers() | _WORDS | st.just([]) | st.none(),
    ("settings", "compile"): st.integers() | _WORDS | st.just([]) | st.none(),
    ("settings", "mask_estimator"): _NO_TEXT | st.sampled_from(["rvm2", "\ud800", "RVM"]),
    ("settings", "source_masks"): _NO_PATH,
    ("settings", "source_joints"): _NO_PATH,
    ("settings", "source_poses"): _NO_PATH,
    ("settings", "person"): st.sampled_from(
        [5, "0,1,2", [1], [1, 2], [0.5, 70, 90], [-1, 70, 90], [99, 70, 90], [0, _NAN, 5],
         [0, _INF, 5], ["a", 1, 2], [0, 1, 2, 3], [0, 50, 50, 40, 40], [0] * 9, [True, 1, 2],
         [10**400, 1, 2], {}, [[0, 1, 2]]]
    ),
    ("output", "mp4"): _NO_TEXT | st.sampled_from(
        ["\ud800.mp4", "/none/at/all/x.mp4", "a\0b.mp4", "/" + "x" * 300 + ".mp4", "film.mp4"]
    ),
}  # fmt: skip
"""What is wrong in each field, whatever stands in the others."""

ALLOWED: dict[Field, tuple[Any, ...]] = {
    ("settings", "source_masks"): ("",),
    ("settings", "source_joints"): ("",),
    ("settings", "source_poses"): ("",),
    ("settings", "mask_estimator"): ("",),
    ("target", "poses"): ("", "inputs"),
    ("target", "character_masks"): ("",),
    ("output", "mp4"): ("",),
}
"""Values that the strategies may give although they are right there."""


@st.composite
def bad_fields(draw: st.DrawFn) -> tuple[Field, Any]:
    """One field and a wrong value for it."""
    field = draw(st.sampled_from(sorted(WRONG)))
    value = draw(WRONG[field].filter(lambda value: value not in ALLOWED.get(field, ())))
    return field, value


def with_field(request: dict[str, Any], field: Field, value: Any) -> str:
    """job.json with one field changed; NaN and infinity stand in it as Python writes them."""
    changed = copy.deepcopy(request)
    section, name = field
    (changed[section] if section else changed)[name] = value
    return json.dumps(changed)


@st.composite
def bad_texts(draw: st.DrawFn) -> bytes:
    """Bytes that are no job.json at all."""
    kind = draw(st.sampled_from(["bytes", "brackets", "braces", "value", "cut", "long", "number"]))
    if kind == "bytes":
        return draw(st.binary(max_size=300).filter(lambda data: not data.strip().isdigit()))
    if kind in ("brackets", "braces"):
        depth = draw(st.sampled_from([2_000, 60_000, 200_000]))
        return (b"[" if kind == "brackets" else b'{"a":') * depth
    if kind == "value":
        return json.dumps(draw(_NO_TEXT | _WORDS)).encode()
    if kind == "long":
        return b'{"id": "' + b"x" * draw(st.integers(10, 3_000_000)) + b'"}'
    if kind == "number":
        return b'{"id": "a", "schema": ' + b"9" * draw(st.integers(5, 100_000)) + b"}"
    whole = b'{"id": "a", "reference": {"path": "/tmp", "kind": "images"}, "target": {}}'
    return whole[: draw(st.integers(0, len(whole) - 1))]
