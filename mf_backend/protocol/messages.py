"""JSON-RPC 2.0 messages, one object a line: numbers, names, and one line in and out.

Standard library only: the add-on's client and the backend's server both use this module.

Requests (client to server):
  initialize   {protocol, client: {name, version}} -> {protocol, backend, python, versions,
               devices: [{id, name, kind, total_bytes, free_bytes}],
               memory: {total_bytes, free_bytes}, engines: [{name, label, missing: [{what, how}]}]}
  clip/probe   {path, fps?} -> {kind, width, height, fps: [numerator, denominator], count,
               has_audio, variable_rate, first_number, missing_numbers}
  job/run      {folder} -> {id, position}; position 0 runs now, 1 is next
  job/cancel   {id} -> {id, known}
  actor/analyse {id, path, kind, actors, first?, count?, fps?, settings?: {person,
               clicks, mask_estimator, widen_mask, ...}} -> {id, position}, as for a job;
               cancelled by its id like one
  actor/tune   the same and steps?: analysed first where that is not done, then the diffusion engine
               that the settings name learns the clip
  frame/preview {folder, index} -> {path}: one frame of a conditioned job by the preview engine
  memory/need  {engine, width, height, count, settings?: {quality, memory, device, ...}} ->
               {needed_bytes, free_bytes, device: the id, preset: its name or "", fits,
               fitting_preset: the largest preset that fits or "", fitting_bytes: what it takes,
               camera_helps: whether it would fit without the moving camera}
  shutdown     {} -> {}, after which the process ends
Notifications (server to client):
  job/progress {id, stage, step, total, overall, seconds_left, note, frame, memory_bytes}; every
               2 s at least; memory_bytes is what the backend holds of the main memory now, or null
  job/warning  {id, code, message}
  job/done     {id, frames, mp4, report, count}
  actor/done   {id, actor: its folder, first, last: frames of the clip, analysed: how many of them
               were analysed just now, looks: [{first, last, what}]}
  actor/tuned  {id, actor: its folder, adapter: the file, frames: learnt from, kept_out: measured
               by, before, after: PSNR inside the actor of those in dB, ...}
  job/failed   {id, code, message, hint, exit_code, log}
An error answer carries `data` {code, message, hint, exit_code}, and `field` where one value is
wrong. Each request gets exactly one answer, in no order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from typing import Any, BinaryIO

from mf_backend.contracts.checks.json_text import parse_json
from mf_backend.contracts.errors import (
    CancelledError,
    ExitCode,
    FieldError,
    InputError,
    MemoryShortError,
    MFError,
    MissingComponentError,
    OutputError,
)

PROTOCOL = 1
"""Number of this protocol; both sides must have the same."""

MAX_LINE = 1 << 20
"""Bytes that a line may have, its newline not counted."""

PROGRESS_SECONDS = 2.0
"""Longest pause between two job/progress notifications while a job runs."""

MessageId = int | str | None


class Method(StrEnum):
    """What a client may ask."""

    INITIALIZE = "initialize"
    CLIP_PROBE = "clip/probe"
    JOB_RUN = "job/run"
    JOB_CANCEL = "job/cancel"
    ACTOR_ANALYSE = "actor/analyse"
    ACTOR_TUNE = "actor/tune"
    FRAME_PREVIEW = "frame/preview"
    MEMORY_NEED = "memory/need"
    SHUTDOWN = "shutdown"


class Notice(StrEnum):
    """What the server tells unasked."""

    PROGRESS = "job/progress"
    WARNING = "job/warning"
    DONE = "job/done"
    FAILED = "job/failed"
    ANALYSED = "actor/done"
    TUNED = "actor/tuned"


class ErrorNumber(IntEnum):
    """Numbers of error answers; those from -32700 to -32600 are JSON-RPC 2.0's own."""

    NOT_JSON = -32700
    INVALID_REQUEST = -32600
    UNKNOWN_METHOD = -32601
    INVALID_PARAMS = -32602
    INTERNAL = -32603
    REFUSED = -32000
    """The request was understood and cannot be met; `data` says why and what to do."""
    WRONG_PROTOCOL = -32001
    LINE_TOO_LONG = -32002


class LineError(ValueError):
    """A line that is no message. `number` is what it is answered with."""

    def __init__(self, number: ErrorNumber, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message


def request(message_id: int | str, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A request, which the other side answers under the same id."""
    return {"jsonrpc": "2.0", "id": message_id, "method": str(method), "params": params}


def notification(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A notification, which nobody answers."""
    return {"jsonrpc": "2.0", "method": str(method), "params": params}


def result(message_id: MessageId, value: Any) -> dict[str, Any]:
    """The answer to a request that was met."""
    return {"jsonrpc": "2.0", "id": message_id, "result": value}


def error_data(error: MFError) -> dict[str, Any]:
    """The `data` of an error answer, and most of a job/failed notification."""
    data: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
    }
    if isinstance(error, FieldError):
        data["field"] = error.field
    return data


def error(
    message_id: MessageId, number: ErrorNumber, message: str, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The answer to a request that was not met."""
    value: dict[str, Any] = {"code": int(number), "message": message}
    if data is not None:
        value["data"] = data
    return {"jsonrpc": "2.0", "id": message_id, "error": value}


_ERROR_CLASSES: dict[int, type[MFError]] = {
    cls.exit_code: cls for cls in (InputError, MissingComponentError, MemoryShortError, OutputError)
}


def error_from(data: dict[str, Any], fallback: str = "The backend reported an error.") -> MFError:
    """The exception that an error answer's `data` or a job/failed notification stands for.

    Fields that are missing are filled in, so that an answer of a newer backend still reads.
    """
    message = str(data.get("message") or fallback)
    code = str(data.get("code") or "backend-error")
    exit_code = data.get("exit_code", int(ExitCode.OTHER))
    if exit_code == ExitCode.CANCELLED:
        return CancelledError(message)
    return _ERROR_CLASSES.get(exit_code, MFError)(code, message, str(data.get("hint") or ""))


def encode(message: dict[str, Any]) -> bytes:
    """One line with its newline.

    Letters outside ASCII are escaped, so that file names which are not valid UTF-8 survive too.
    Raises ValueError for a number JSON has no word for (NaN, infinity).
    """
    text = json.dumps(message, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message in one line. Raises LineError with the number to answer with."""
    if len(line.rstrip(b"\r\n")) > MAX_LINE:
        raise LineError(
            ErrorNumber.LINE_TOO_LONG, f"A message may have {MAX_LINE} bytes; this one is longer."
        )
    try:
        value = parse_json(line)
    except ValueError:
        raise LineError(ErrorNumber.NOT_JSON, "This line is not valid JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise LineError(ErrorNumber.INVALID_REQUEST, "A message must be one JSON object.")
    return value


def read_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a binary stream until its end, without holding more than one in memory.

    A line that is too long is yielded cut off just past MAX_LINE, so that `decode` refuses it, and
    the rest of it is skipped. Empty lines are left out.
    """
    while line := stream.readline(MAX_LINE + 2):
        cut = not line.endswith(b"\n") and len(line) > MAX_LINE
        if cut or line.strip():
            yield line
        while cut and (rest := stream.readline(MAX_LINE)):
            cut = not rest.endswith(b"\n")
