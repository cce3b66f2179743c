"""Lines that no client of ours would send: each request gets one answer, and the server lives."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mf_backend.protocol.messages import MAX_LINE
from tests.backend.tiny_job import Backend
from tests.faults.judging import TRACE
from tests.faults.tally import Tally

METHODS = ("initialize", "clip/probe", "job/run", "job/cancel", "frame/preview", "memory/need")
FIELDS = ("path", "fps", "folder", "id", "index", "engine", "width", "height", "count", "settings",
          "protocol", "client", "quality")  # fmt: skip


def junk(chance: random.Random, depth: int = 0) -> Any:
    """Any JSON value, mostly one that fits nowhere."""
    numbers = [0, -1, 1, 2**63, 2**64, 10**400, 0.5, 1e308, float("nan"), float("inf")]
    texts = ["", "x", "\0", "\ud800", "../..", "/none", "a\nb", "x" * 5000, "preview", "auto"]
    kind = chance.randrange(6 if depth < 3 else 3)
    if kind == 0:
        return chance.choice(numbers)
    if kind == 1:
        return chance.choice(texts)
    if kind == 2:
        return chance.choice([None, True, False])
    if kind == 3:
        return [junk(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(FIELDS): junk(chance, depth + 1) for _ in range(chance.randrange(4))}


def wrong_request(chance: random.Random, number: int, clip: Path, pipe: Path) -> bytes:
    """A request with an id whose parameters are junk, or right but for one."""
    method = chance.choice(METHODS)
    params: Any = junk(chance)
    if chance.random() < 0.6:
        right = {
            "clip/probe": {"path": chance.choice([str(clip), str(pipe)])},
            "job/run": {"folder": chance.choice([str(clip), str(pipe)])},
            "memory/need": {"engine": "motionfollower", "width": 512, "height": 512, "count": 24},
            "frame/preview": {"folder": str(clip), "index": 0},
        }.get(method, {"protocol": 1})
        params = {**right, chance.choice(FIELDS): junk(chance)}
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps(message).encode()


def no_request(chance: random.Random, number: int, clip: Path, pipe: Path) -> bytes:
    """A line that is no request at all: it may be answered or not, and does no harm."""
    return chance.choice(
        [
            bytes(chance.randrange(256) for _ in range(200)).replace(b"\n", b" "),
            b"[" * 100_000,
            b'{"a":' * 50_000,
            b"{}",
            b"[]",
            b"null",
            b'"text"',
            b'{"jsonrpc": "2.0", "id": [1], "method": "initialize"}',
            b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "initialize"}',
            b'{"jsonrpc": "2.0", "method": "job/done", "params": {}}',
            b'{"jsonrpc": "2.0", "result": {}, "id": 1000001}',
            b"9" * 10_000,
            b"x" * (MAX_LINE + 10),
        ]
    )


def test_hostile_lines(
    server: Backend, ground: Path, scaled: Callable[[int], int], chance: random.Random,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    tally = Tally("hostile lines")
    clip, pipe = ground / "no job", ground / "a pipe"
    clip.mkdir(exist_ok=True)
    if not pipe.exists():
        os.mkfifo(pipe)
    asked: dict[int, bytes] = {}
    count = max(scaled(250), 60)
    for number in range(count):
        make = wrong_request if chance.random() < 0.75 else no_request
        line = make(chance, 1000 + number, clip, pipe)
        if make is wrong_request:
            asked[1000 + number] = line
        server.write(line + b"\n")
    answers: dict[Any, list[dict[str, Any]]] = {}
    last = server.ask("initialize", protocol=1, client={"name": "test", "version": "0"})
    deadline = time.monotonic() + 120
    wanted = {*asked, last}
    while not wanted <= answers.keys() and time.monotonic() < deadline:
        message = server.next(timeout=max(1.0, deadline - time.monotonic()))
        if "method" not in message and not isinstance(message.get("id"), list | dict):
            answers.setdefault(message.get("id"), []).append(message)
    for number, line in asked.items():
        told = answers.get(number, [])
        found = [] if len(told) == 1 else [f"{len(told)} answers"]
        for answer in told:
            error = answer.get("error", {})
            if (error.get("data") or {}).get("code") == "internal":
                found.append(f"an error that nobody foresaw: {error.get('message')}")
        tally.add(*(f"{line[:160]!r}: {said}" for said in found))
    tally.tried += count - len(asked)
    if TRACE.encode() in server.errors:
        tally.findings.append("a trace in the log")
    assert len(answers[last]) == 1 and "result" in answers[last][0]
    begun = time.monotonic()
    assert server.close() == 0
    if time.monotonic() - begun > 3:
        tally.findings.append("it took more than 3 s to end")
    tally.close(request)
