"""Progress: never falling, with a time left that is measured."""

from __future__ import annotations

import threading

import pytest

from mf_backend.contracts.errors import CancelledError
from mf_backend.jobs.tracker import JobTracker, Progress


class Ear:
    def __init__(self) -> None:
        self.heard: list[Progress] = []
        self.warnings: list[tuple[str, str]] = []

    def progress(self, progress: Progress) -> None:
        self.heard.append(progress)

    def warning(self, code: str, message: str) -> None:
        self.warnings.append((code, message))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make(expected: dict[str, float]) -> tuple[JobTracker, Ear, Clock, threading.Event]:
    ear, clock, cancelled = Ear(), Clock(), threading.Event()
    tracker = JobTracker(ear, cancelled, expected, lambda progress: None, clock=clock)
    return tracker, ear, clock, cancelled


def test_time_left_follows_the_measured_pace() -> None:
    tracker, ear, clock, _ = make({"joints": 10.0, "render": 30.0})
    assert tracker.snapshot().seconds_left is None
    tracker.enter("joints")
    tracker.begin("joints", 10)
    for step in range(1, 6):
        clock.now += 2.0  # twice as slow as expected
        tracker.advance(step)
    # 5 steps of 2 s remain here, and the later stage takes twice its 30 s.
    assert ear.heard[-1].seconds_left == pytest.approx(70.0)
    assert ear.heard[-1].overall == pytest.approx(5 / 40)
    clock.now += 1.0
    assert tracker.snapshot().seconds_left == pytest.approx(69.0)
    for step in range(6, 11):
        clock.now += 2.0 - (1.0 if step == 6 else 0.0)
        tracker.advance(step)
    assert tracker.leave() == pytest.approx(20.0)
    tracker.enter("render")
    tracker.begin("render", 4)
    clock.now += 15.0
    tracker.advance(1)
    assert tracker.snapshot().seconds_left == pytest.approx(45.0)


def test_a_step_that_outlasts_what_was_left_leaves_nothing_to_judge_by() -> None:
    tracker, _, clock, _ = make({"render": 30.0})
    tracker.enter("render")
    tracker.begin("render", 100)
    clock.now += 0.1
    tracker.advance(10, "compiling")
    assert tracker.snapshot().seconds_left == pytest.approx(0.9)
    clock.now += 5.0
    assert tracker.snapshot().seconds_left == 0.0
    clock.now += 60.0
    assert tracker.snapshot().seconds_left is None
    tracker.advance(20)
    assert tracker.snapshot().seconds_left == pytest.approx(4 * 65.1)


def test_the_whole_never_falls_and_parts_are_named() -> None:
    tracker, ear, clock, _ = make({"render": 10.0, "encode": 10.0})
    tracker.enter("render")
    tracker.begin("invert", 2)
    for step in (1, 2):
        clock.now += 1
        tracker.advance(step)
    assert tracker.snapshot().overall == pytest.approx(0.15)
    tracker.begin("denoise", 100)
    clock.now += 1
    tracker.advance(1, "window 2")
    tracker.begin("render", 10)
    assert tracker.snapshot().overall == pytest.approx(0.151, abs=0.001)
    clock.now += 1
    tracker.advance(2)
    assert tracker.snapshot().overall == pytest.approx(0.22, abs=0.001)
    # 8 more at 0.5 s each, then encoding at the pace so far.
    assert tracker.snapshot().seconds_left == pytest.approx(4 + 10 * 4 / 4.42, abs=0.1)
    tracker.leave()
    tracker.enter("encode")
    tracker.begin("encode", 1)
    tracker.advance(1)
    overall = [progress.overall for progress in ear.heard]
    assert overall == sorted(overall) and overall[-1] == 1.0
    assert {progress.stage for progress in ear.heard} == {"render", "encode"}
    assert any(progress.note == "denoise: window 2" for progress in ear.heard)
    assert ear.heard[-1].note == ""


def test_kept_stages_are_done_and_take_no_time() -> None:
    tracker, _, clock, _ = make({"joints": 90.0, "render": 10.0})
    tracker.expect({"joints": 90.0, "render": 10.0}, {"joints"})
    tracker.enter("render")
    tracker.begin("render", 2)
    clock.now += 5
    tracker.advance(1)
    assert tracker.snapshot().overall == pytest.approx(0.95)
    assert tracker.snapshot().seconds_left == pytest.approx(5.0)


def test_a_job_that_goes_on_stands_where_it_stood() -> None:
    ear, clock, cancelled = Ear(), Clock(), threading.Event()
    expected = {"joints": 20.0, "render": 80.0}
    tracker = JobTracker(ear, cancelled, expected, lambda progress: None, 0.29, clock=clock)
    tracker.enter("joints")
    tracker.begin("looking at what is done", 2)
    tracker.advance(1)
    tracker.expect(expected, {"joints"})
    tracker.enter("render")
    tracker.begin("render", 8)
    for step in range(1, 9):
        tracker.advance(step)
    overall = [progress.overall for progress in ear.heard]
    assert overall[0] == 0.29
    assert overall == sorted(overall) and overall[-1] == 1.0


def test_cancel_is_seen_at_every_unit() -> None:
    tracker, _, _, cancelled = make({"joints": 1.0})
    tracker.enter("joints")
    tracker.check()
    cancelled.set()
    for call in (tracker.check, lambda: tracker.advance(1), lambda: tracker.begin("joints", 1)):
        with pytest.raises(CancelledError):
            call()
