"""Every request gets exactly one answer, whatever is in it and whatever hangs beside it."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mf_backend.contracts.errors import InputError
from mf_backend.protocol.messages import PROTOCOL, Method
from mf_backend.protocol.parameters import (
    ClipProbe,
    FramePreview,
    JobRun,
    MemoryQuestion,
    ParameterError,
    read_params,
)
from mf_backend.protocol.server import Server
from mf_backend.protocol.workers import PATIENCE_SECONDS, Turns, Workers
from tests.backend.tiny_job import Backend, make_job

WHOLE = {"engine": "motionfollower", "width": 512, "height": 512, "count": 24}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("clip/probe", {}, "path"),
    ("clip/probe", {"path": ""}, "path"),
    ("clip/probe", {"path": 7}, "path"),
    ("clip/probe", {"path": "/" + "x" * 5000}, "path"),
    ("clip/probe", {"path": "/a\0b"}, "path"),
    ("clip/probe", {"path": "/\ud800"}, "path"),
    ("clip/probe", {"path": "/a", "fps": math.inf}, "fps"),
    ("clip/probe", {"path": "/a", "fps": math.nan}, "fps"),
    ("clip/probe", {"path": "/a", "fps": 10**400}, "fps"),
    ("clip/probe", {"path": "/a", "fps": True}, "fps"),
    ("clip/probe", {"path": "/a", "fps": -1}, "fps"),
    ("job/run", {}, "folder"),
    ("job/run", {"folder": ["a"]}, "folder"),
    ("job/run", {"folder": "x" * 300}, "folder"),
    ("job/cancel", {}, "id"),
    ("job/cancel", {"id": 3}, "id"),
    ("job/cancel", {"id": "a\nb"}, "id"),
    ("frame/preview", {"folder": "/a"}, "index"),
    ("frame/preview", {"folder": "/a", "index": "3"}, "index"),
    ("frame/preview", {"folder": "/a", "index": -1}, "index"),
    ("frame/preview", {"folder": "/a", "index": 10**400}, "index"),
    ("memory/need", {}, "engine"),
    ("memory/need", {**WHOLE, "engine": 5}, "engine"),
    ("memory/need", {**WHOLE, "engine": "other"}, "engine"),
    ("memory/need", {**WHOLE, "width": 0}, "width"),
    ("memory/need", {**WHOLE, "width": 10**9}, "width"),
    ("memory/need", {**WHOLE, "height": 10**400}, "height"),
    ("memory/need", {**WHOLE, "count": 2.5}, "count"),
    ("memory/need", {**WHOLE, "count": 10**12}, "count"),
    ("memory/need", {**WHOLE, "settings": []}, "settings"),
    ("memory/need", {**WHOLE, "settings": "x"}, "settings"),
    ("memory/need", {**WHOLE, "settings": {"quality": "best"}}, "settings.quality"),
    ("memory/need", {**WHOLE, "settings": {"quality": ["final"]}}, "settings.quality"),
    ("memory/need", {**WHOLE, "settings": {"steps": "x"}}, "settings.steps"),
    ("memory/need", {**WHOLE, "settings": {"steps": 10**30}}, "settings.steps"),
    ("memory/need", {**WHOLE, "settings": {"cfg": math.nan}}, "settings.cfg"),
    ("memory/need", {**WHOLE, "settings": {"weights": "/\ud800"}}, "settings.weights"),
    ("memory/need", {**WHOLE, "settings": {"memory": "7"}}, "settings.memory"),
]


def test_wrong_parameters_are_named_in_one_answer_each(server: Backend) -> None:
    numbers = [server.ask(method, **params) for method, params, _ in WRONG]
    last = server.ask("memory/need", **{**WHOLE, "settings": {"device": "cpu"}})
    answers: dict[int, dict[str, Any]] = {}
    while len(answers) < len(numbers) + 1:
        message = server.next(120)
        assert message["id"] not in answers
        answers[message["id"]] = message
    assert "result" in answers[last]
    for number, (method, params, field) in zip(numbers, WRONG, strict=True):
        error = answers[number]["error"]
        assert error["code"] == -32602, (method, params, error)
        assert error["data"]["field"] == field, (method, params, error)
        assert error["message"].isprintable() and error["message"].endswith(".")
        assert error["data"]["exit_code"] == 2
    assert server.close() == 0
    assert b"Traceback" not in server.errors


def test_the_same_id_five_times_is_answered_five_times(server: Backend, odd_path: Path) -> None:
    job = make_job(odd_path, count=4)
    asked = [
        ("initialize", {"protocol": PROTOCOL}),
        ("clip/probe", {"path": str(odd_path / "material 4" / "clip")}),
        ("frame/preview", {"folder": str(job.path), "index": 0}),
        ("memory/need", {**WHOLE, "engine": "preview"}),
        ("job/cancel", {"id": "nobody"}),
        ("no/such", {}),
    ]
    for number, (method, params) in enumerate(asked):
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        server.write((json.dumps(message) + "\n").encode() * 5)
    counted = Counter(server.next(60)["id"] for _ in range(5 * len(asked)))
    assert counted == dict.fromkeys(range(len(asked)), 5)


def test_a_job_and_its_cancelling_in_one_breath(server: Backend, odd_path: Path) -> None:
    """They are looked at side by side, but take effect in the order in which they were sent."""
    first, second = make_job(odd_path, "first", 40), make_job(odd_path, "second", 40)
    lines = [
        {"id": 1, "method": "job/run", "params": {"folder": str(first.path)}},
        {"id": 2, "method": "job/run", "params": {"folder": str(second.path)}},
        {"id": 3, "method": "job/cancel", "params": {"id": "second"}},
        {"id": 4, "method": "job/cancel", "params": {"id": "first"}},
    ]
    server.write("".join(json.dumps(line) + "\n" for line in lines).encode())
    answers = {}
    while len(answers) < 4:
        message = server.next()
        if "method" not in message:
            answers[message["id"]] = message["result"]
    assert [answers[1]["position"], answers[2]["position"]] == [0, 1]
    assert answers[3]["known"] and answers[4]["known"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_a_pipe_in_place_of_a_file_holds_up_nobody(server: Backend, odd_path: Path) -> None:
    (odd_path / "job").mkdir()
    os.mkfifo(odd_path / "job" / "job.json")
    os.mkfifo(odd_path / "clip.mp4")
    run = server.ask("job/run", folder=str(odd_path / "job"))
    server.ask("clip/probe", path=str(odd_path / "clip.mp4"))
    begun = time.monotonic()
    assert "result" in server.answer(server.ask("initialize", protocol=PROTOCOL))
    refused = next(
        (message for _, message in server.heard if message["id"] == run), None
    ) or server.answer(run)
    assert "pipe" in refused["error"]["message"]
    assert "result" in server.answer(server.ask("shutdown"))
    assert server.process.wait(5) == 0
    assert time.monotonic() - begun < 20


class Line:
    """A server on pipes of this process, whose clips lie on a drive that does not answer."""

    def __init__(self) -> None:
        there, back = os.pipe(), os.pipe()
        self.incoming: BinaryIO = os.fdopen(there[1], "wb", buffering=0)
        self.outgoing: BinaryIO = os.fdopen(back[0], "rb")
        self.drive = threading.Event()
        self.ended: list[int] = []
        server = Server(
            os.fdopen(there[0], "rb"),
            os.fdopen(back[1], "wb", buffering=0),
            initialize=lambda: {"here": True},
            probe=self._hang,
            preview=lambda asked: {"path": asked.folder},
            memory_need=lambda asked: {"needed_bytes": math.inf},
            end=self.ended.append,
        )
        self.thread = threading.Thread(target=server.serve, daemon=True)
        self.thread.start()

    def _hang(self, asked: ClipProbe) -> dict[str, Any]:
        self.drive.wait(30)
        raise InputError("clip-missing", "The drive is gone.")

    def ask(self, number: int, method: str, **params: Any) -> None:
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.incoming.write((json.dumps(message) + "\n").encode())

    def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.outgoing.readline())
        return message


@pytest.fixture
def line() -> Iterator[Line]:
    """A server in this process."""
    opened = Line()
    yield opened
    opened.drive.set()
    opened.incoming.close()
    opened.thread.join(5)


def test_a_drive_that_does_not_answer_holds_up_nobody_else(line: Line) -> None:
    for number in range(3):
        line.ask(number, "clip/probe", path="/dead/clip")
    begun = time.monotonic()
    line.ask(7, "frame/preview", folder="/a", index=0)
    line.ask(8, "initialize", protocol=PROTOCOL)
    line.ask(9, "job/cancel", id="nobody")
    assert {line.next()["id"] for _ in range(3)} == {7, 8, 9}
    assert time.monotonic() - begun < 5
    line.drive.set()
    answers = [line.next() for _ in range(3)]
    assert {answer["id"] for answer in answers} == {0, 1, 2}
    assert {answer["error"]["data"]["code"] for answer in answers} == {"clip-missing"}


def test_what_hangs_at_the_end_is_answered_too_and_the_end_comes(line: Line) -> None:
    line.ask(1, "clip/probe", path="/dead/clip")
    line.ask(2, "shutdown")
    begun = time.monotonic()
    answers = {message["id"]: message for message in (line.next(), line.next())}
    assert answers[2]["result"] == {}
    assert answers[1]["error"]["data"]["code"] == "ending"
    line.thread.join(5)
    assert not line.thread.is_alive() and time.monotonic() - begun < 4


def test_an_answer_that_json_cannot_say_is_an_error_and_no_silence(line: Line) -> None:
    line.ask(1, "memory/need", **{**WHOLE, "engine": "preview"})
    answer = line.next()
    assert answer["id"] == 1 and answer["error"]["code"] == -32603


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
JSON = st.recursive(
    SCALARS, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=6), x, max_size=3)
)
METHODS = [
    (ClipProbe, Method.CLIP_PROBE, ("path", "fps")),
    (JobRun, Method.JOB_RUN, ("folder",)),
    (FramePreview, Method.FRAME_PREVIEW, ("folder", "index")),
    (MemoryQuestion, Method.MEMORY_NEED, ("engine", "width", "height", "count", "settings")),
]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.sampled_from(METHODS), st.data())
def test_any_parameters_are_taken_or_named(asked: Any, data: st.DataObject) -> None:
    cls, method, names = asked
    given_params = data.draw(st.dictionaries(st.sampled_from(names), JSON))
    try:
        read_params(cls, method, given_params)
    except ParameterError as error:
        assert error.field.split(".")[0].split("[")[0] in ("", *names)
        assert error.message.isprintable() and len(error.message) < 400


def test_turns_wait_for_earlier_ones_but_not_for_ever() -> None:
    turns, order = Turns(), []
    numbers = [turns.take() for _ in range(3)]

    def second() -> None:
        turns.wait(numbers[1])
        order.append(2)
        turns.done(numbers[1])

    thread = threading.Thread(target=second)
    thread.start()
    time.sleep(0.1)
    order.append(1)
    turns.done(numbers[0])
    thread.join(5)
    assert order == [1, 2]
    hanging, after = turns.take(), turns.take()
    turns.done(numbers[2])
    begun = time.monotonic()
    turns.wait(after)
    assert 0.5 * PATIENCE_SECONDS < time.monotonic() - begun < 4 * PATIENCE_SECONDS
    turns.done(hanging)


def test_workers_are_as_many_as_hang_and_no_more() -> None:
    workers, gate, done = Workers(4), threading.Event(), []
    before = threading.active_count()
    for number in range(20):
        workers.do(lambda number=number: (gate.wait(10), done.append(number)))
    assert threading.active_count() - before == 4
    gate.set()
    until = time.monotonic() + 10
    while len(done) < 20 and time.monotonic() < until:
        time.sleep(0.01)
    for number in range(20, 40):
        workers.do(lambda number=number: done.append(number))
        time.sleep(0.005)
    while len(done) < 40 and time.monotonic() < until:
        time.sleep(0.01)
    assert sorted(done) == list(range(40)) and threading.active_count() - before == 4
