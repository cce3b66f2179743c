"""One line in, one line out."""

from __future__ import annotations

import io
import json
import math

import pytest

from mf_backend.contracts.errors import (
    CancelledError,
    ExitCode,
    InputError,
    MFError,
    OutputError,
)
from mf_backend.protocol import messages
from mf_backend.protocol.messages import MAX_LINE, ErrorNumber, LineError


def test_round_trip_keeps_odd_file_names() -> None:
    # The last name is how Python spells a file name that is not valid UTF-8.
    params = {"folder": "mf tëst ü/\u6d4b\u8bd5\n", "raw": "clip\udcff"}
    line = messages.encode(messages.request(1, messages.Method.JOB_RUN, params))
    assert line.count(b"\n") == 1
    assert messages.decode(line) == {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "job/run",
        "params": params,
    }


def test_numbers_json_cannot_say_are_refused() -> None:
    with pytest.raises(ValueError):
        messages.encode(messages.notification("job/progress", {"seconds_left": math.nan}))


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"{", ErrorNumber.NOT_JSON),
        (b"\xff\xfe{}", ErrorNumber.NOT_JSON),
        (b"[" * 200_000, ErrorNumber.NOT_JSON),
        (b"[1, 2]\n", ErrorNumber.INVALID_REQUEST),
        (b" " * (MAX_LINE + 1), ErrorNumber.LINE_TOO_LONG),
    ],
)
def test_bad_lines_have_a_number(line: bytes, number: ErrorNumber) -> None:
    with pytest.raises(LineError) as caught:
        messages.decode(line)
    assert caught.value.number == number
    assert caught.value.message.endswith(".")


def test_a_line_of_exactly_the_limit_is_read_and_one_more_is_not() -> None:
    frame = len(json.dumps({"a": ""}))
    fits = json.dumps({"a": "x" * (MAX_LINE - frame)}).encode()
    assert len(fits) == MAX_LINE
    over = json.dumps({"a": "x" * (MAX_LINE - frame + 1)}).encode()
    stream = io.BytesIO(
        fits + b"\r\n\n" + over + b"\n" + over * 3 + b"\n" + b" " * (MAX_LINE + 9) + b'\n{"b":1}'
    )
    lines = list(messages.read_lines(stream))
    assert messages.decode(lines[0]) == {"a": "x" * (MAX_LINE - frame)}
    for line in lines[1:4]:
        with pytest.raises(LineError) as caught:
            messages.decode(line)
        assert caught.value.number == ErrorNumber.LINE_TOO_LONG
    assert [messages.decode(line) for line in lines[4:]] == [{"b": 1}]


def test_errors_travel_and_come_back() -> None:
    sent = OutputError("disk-full", "The disk is full.", "Free some space.")
    back = messages.error_from(json.loads(json.dumps(messages.error_data(sent))))
    assert type(back) is OutputError
    assert (back.code, back.message, back.hint) == (sent.code, sent.message, sent.hint)
    assert isinstance(messages.error_from(messages.error_data(CancelledError())), CancelledError)
    assert messages.error_from(messages.error_data(InputError("a", "B."))).exit_code == 2
    unknown = messages.error_from({"exit_code": 99})
    assert type(unknown) is MFError and unknown.exit_code == ExitCode.OTHER and unknown.message
