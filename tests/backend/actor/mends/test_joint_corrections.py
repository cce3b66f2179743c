"""Joints that a person moved: where they and their neighbours are, and the file that keeps them."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from mf_backend.actor.mends.correction_file import (
    NAME,
    new_correction,
    read_corrections,
    with_correction,
    write_corrections,
)
from mf_backend.actor.mends.joint_corrections import apply_corrections, changed_frames
from mf_backend.contracts.conditions import JointState
from mf_backend.contracts.errors import InputError

WRIST, ELBOW, NECK, SHOULDERS = 4, 3, 1, (2, 5)
PLACE = {WRIST: (10.0, 20.0)}


def found(count: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Joints that go to the right by a pixel a frame, all seen."""
    joints = np.random.default_rng(1).uniform(50, 300, (1, 60, 2)).repeat(count, axis=0)
    joints[..., 0] += np.arange(count)[:, None]
    joints[:, NECK] = joints[:, list(SHOULDERS)].mean(axis=1)
    return joints, np.full((count, 60), JointState.FOUND, np.uint8)


def test_a_moved_joint_draws_its_neighbours_along_and_nothing_else() -> None:
    joints, states = found()
    place = tuple(joints[8, WRIST] + [40, -10])
    one = new_correction(8, 3, {WRIST: place})
    mended, marks = apply_corrections(joints, states, range(20), [one])
    assert np.allclose(mended[8, WRIST], place)
    moved = np.linalg.norm(mended - joints, axis=-1)
    rows, columns = np.where(moved > 1e-3)
    assert set(columns) == {WRIST} and set(rows) == set(changed_frames(one)) == set(range(5, 12))
    around = moved[5:12, WRIST]
    assert np.allclose(around, around[::-1], atol=1e-4) and (np.diff(around[:4]) > 0).all()
    assert (np.where(marks == JointState.MENDED)[0] == rows).all()
    again, _ = apply_corrections(joints, states, range(20), [])
    assert np.array_equal(again, joints.astype(np.float32)), "taken away, all is as found"


def test_between_two_corrections_the_offset_goes_over() -> None:
    joints, states = found()
    two = [
        new_correction(f, 4, {WRIST: tuple(joints[f, WRIST] + [30.0 * s, 0])})
        for f, s in ((5, 1), (11, 1))
    ]
    mended, _ = apply_corrections(joints, states, range(20), two)
    assert np.allclose(mended[5:12, WRIST] - joints[5:12, WRIST], [30, 0], atol=1e-4)
    swapped, _ = apply_corrections(joints, states, range(20), two[::-1])
    assert np.array_equal(mended, swapped), "the order of different frames does not matter"


def test_a_joint_that_was_absent_comes_in() -> None:
    joints, states = found()
    joints[6:13, WRIST] = np.nan
    states[6:13, WRIST] = JointState.ABSENT
    one = [new_correction(7, 2, {WRIST: (100.0, 100.0)})]
    mended, marks = apply_corrections(joints, states, range(20), one)
    assert np.isfinite(mended[7, WRIST]).all() and np.isnan(mended[[6, 8], WRIST]).all()
    assert marks[7, WRIST] == JointState.MENDED and marks[8, WRIST] == JointState.ABSENT
    two = [*one, new_correction(11, 2, {WRIST: (140.0, 100.0)})]
    mended, _ = apply_corrections(joints, states, range(20), two)
    assert np.isfinite(mended[7:12, WRIST]).all()
    assert np.allclose(mended[9, WRIST], (120, 100))


def test_the_neck_stays_between_the_shoulders() -> None:
    joints, states = found()
    right = joints[9, SHOULDERS[0]] + [0, 20]
    one = new_correction(9, 2, {SHOULDERS[0]: tuple(right)})
    mended, marks = apply_corrections(joints, states, range(20), [one])
    assert np.allclose(mended[:, NECK], mended[:, list(SHOULDERS)].mean(axis=1), atol=1e-3)
    assert marks[9, NECK] == JointState.MENDED and marks[6, NECK] == JointState.FOUND


def test_three_corrections_bring_disturbed_joints_back() -> None:
    joints, states = found(40)
    disturbed, frames = joints.copy(), range(10, 23)
    disturbed[frames, WRIST] += [40.0, 0.0]
    before = np.linalg.norm(disturbed - joints, axis=-1)[frames, WRIST]
    assert (before < 0.05 * 300).mean() == 0
    three = [new_correction(f, 3, {WRIST: tuple(joints[f, WRIST])}) for f in (10, 16, 22)]
    mended, _ = apply_corrections(disturbed, states, range(40), three)
    apart = np.linalg.norm(mended - joints, axis=-1)
    assert (apart[frames, WRIST] < 0.05 * 300).mean() >= 0.99
    untouched = [f for f in range(40) if f not in range(7, 26)]
    assert np.array_equal(mended[untouched], disturbed[untouched].astype(np.float32))


def test_frames_of_a_part_of_the_clip() -> None:
    joints, states = found()
    one = new_correction(8, 3, {WRIST: tuple(joints[8, WRIST] + [40, 0])})
    whole, _ = apply_corrections(joints, states, range(20), [one])
    part, _ = apply_corrections(joints[6:15], states[6:15], range(6, 15), [one])
    assert np.array_equal(part, whole[6:15])


def test_the_file_gives_back_what_was_written(tmp_path: Path) -> None:
    assert read_corrections(tmp_path) == ()
    first = new_correction(3, 2, {WRIST: (10.5, 20.25), ELBOW: (1.0, 2.0)})
    second = new_correction(3, 5, {WRIST: (11.0, 21.0)})
    listed = with_correction(with_correction((), first), second)
    write_corrections(tmp_path, listed)
    assert read_corrections(tmp_path) == listed
    assert [dict(c.joints) for c in listed] == [{ELBOW: (1.0, 2.0)}, {WRIST: (11.0, 21.0)}]
    write_corrections(tmp_path, listed[1:])
    assert [c.id for c in read_corrections(tmp_path)] == [second.id]


@pytest.mark.parametrize(
    "change",
    [
        {"frame": -1}, {"frame": "3"}, {"frame": True}, {"blend": 2.5}, {"blend": 10**9},
        {"id": ""}, {"joints": []}, {"joints": {"tail": [1, 2]}}, {"joints": {"neck": [1]}},
        {"joints": {"neck": [1, float("nan")]}}, {"joints": {"neck": [1, "2"]}},
    ],
)  # fmt: skip
def test_a_damaged_file_is_one_sentence(tmp_path: Path, change: dict[str, object]) -> None:
    entry = {"id": "a", "frame": 1, "blend": 1, "joints": {"neck": [1, 2]}, **change}
    text = json.dumps({"schema": 1, "corrections": [entry]})
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_corrections(tmp_path)
    assert caught.value.code == "mends-damaged" and "correction 1" in caught.value.message
    assert (tmp_path / NAME).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 1}', '{"schema": 9}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=NAME):
        read_corrections(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes that it forks")
def test_twenty_kills_leave_whole_files(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    sizes = []
    for _ in range(20):
        child = os.fork()
        if child == 0:
            frame = len(read_corrections(tmp_path))
            while True:
                listed = with_correction(
                    read_corrections(tmp_path), new_correction(frame, 1, PLACE)
                )
                write_corrections(tmp_path, listed)
                frame += 1
        time.sleep(float(random.uniform(0.002, 0.03)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sizes.append(len(read_corrections(tmp_path)))
    assert sizes == sorted(sizes) and sizes[-1] > sizes[0], "nothing that was written is lost"
    write_corrections(tmp_path, read_corrections(tmp_path)[:1])
    assert len(read_corrections(tmp_path)) == 1
