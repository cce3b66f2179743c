"""Mask layers on disk: kept once, listed, replaced, taken away, and refused where damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mf_backend.actor.mends.mask_file import (
    LayerPictures,
    picture_path,
    put_layers,
    read_layers,
    read_picture,
    remove_layer,
)
from mf_backend.actor.mends.mask_layers import MaskLayer, MaskRole
from mf_backend.clip.writer import png_bytes
from mf_backend.contracts.errors import InputError

SIZE = (8, 6)


def png(column: int) -> bytes:
    picture = np.zeros(SIZE[::-1], np.uint8)
    picture[:, column] = 255
    return png_bytes(picture)


def layer(mends: Path, name: str, role: MaskRole, columns: dict[int, int]) -> MaskLayer:
    kept = LayerPictures(mends, name, role, SIZE)
    for frame, column in columns.items():
        kept.add(frame, png(column))
    made = kept.layer()
    assert made is not None
    return made


def pictures(mends: Path) -> set[str]:
    return {path.name for path in (mends / "masks").iterdir()}


def test_layers_come_back_and_equal_pictures_are_kept_once(tmp_path: Path) -> None:
    one = layer(tmp_path, "arm ü", MaskRole.ADD, {2: 1, 3: 1, 4: 5, 7: 1})
    two = layer(tmp_path, "post", MaskRole.FRONT, {0: 5})
    put_layers(tmp_path, [one, two])
    assert read_layers(tmp_path) == (one, two)
    assert [(s.first, s.last) for s in one.stretches] == [(2, 3), (4, 4), (7, 7)]
    assert list(one.frames()) == [2, 3, 4, 7]
    assert len(pictures(tmp_path)) == 2
    found = one.picture(4)
    assert found is not None and one.picture(5) is None
    assert read_picture(tmp_path, one, found) == png(5)


def test_a_layer_takes_the_place_of_its_namesake(tmp_path: Path) -> None:
    put_layers(tmp_path, [layer(tmp_path, "arm", MaskRole.ADD, {1: 1})])
    other = layer(tmp_path, "arm", MaskRole.CUT, {1: 2})
    newer = layer(tmp_path, "arm", MaskRole.ADD, {1: 3})
    put_layers(tmp_path, [other, newer])
    assert read_layers(tmp_path) == (other, newer)
    assert len(pictures(tmp_path)) == 2
    assert remove_layer(tmp_path, other.id) == other
    assert read_layers(tmp_path) == (newer,)
    assert len(pictures(tmp_path)) == 1
    with pytest.raises(InputError, match="taken away already"):
        remove_layer(tmp_path, other.id)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"schema": 1, "layers": [{"id": "0123456789ab", "name": "a", "role": "paint"}]}',
        '{"schema": 1, "layers": [{"id": "../../../../b", "name": "a", "role": "add",'
        ' "size": [8, 6], "frames": []}]}',
        '{"schema": 1, "layers": [{"id": "0123456789ab", "name": "a", "role": "add",'
        ' "size": [8, 6], "frames": [[3, 1, "../../secret"]]}]}',
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "masks.json").write_text(text)
    with pytest.raises(InputError, match="cannot be read"):
        read_layers(tmp_path)


def test_a_picture_that_was_changed_is_refused(tmp_path: Path) -> None:
    one = layer(tmp_path, "arm", MaskRole.ADD, {0: 1})
    sha256 = one.stretches[0].sha256
    picture_path(tmp_path, sha256).write_bytes(png(2))
    with pytest.raises(InputError, match="missing or was changed"):
        read_picture(tmp_path, one, sha256)
    # Made again, it is right again.
    layer(tmp_path, "arm", MaskRole.ADD, {0: 1})
    assert read_picture(tmp_path, one, sha256) == png(1)
