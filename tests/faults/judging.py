"""Whether the backend did what it should with a fault: one sentence, the right code, no trace."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.backend.tiny_job import Backend, backend_environment

TRACE = "Traceback (most recent call last)"
SECONDS = 60.0
"""How long anything of the campaign may take before it counts as a hang."""
MEMORY = 1500 << 20
"""Bytes that a process of the campaign may hold; the plain case takes under 500 MiB."""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int | None
    """None: it was still there after SECONDS and was killed."""
    out: str
    err: str
    peak: int
    """Most memory that it held, bytes."""


def run_backend(
    *arguments: str, seconds: float = SECONDS, environment: dict[str, str] | None = None,
    cwd: Path | None = None, before: Callable[[], None] | None = None,
) -> Ended:  # fmt: skip
    """Run `python -m mf_backend …` to its end, watching time and memory.

    `before` is called in the new process before Python starts, to take something away from it.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "mf_backend", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**backend_environment(), **(environment or {})},
        cwd=cwd,
        preexec_fn=before,
    )
    watched = psutil.Process(process.pid)
    peak, begun = 0, time.monotonic()
    while True:
        try:
            out, err = process.communicate(timeout=0.1)
        except subprocess.TimeoutExpired:
            peak = max(peak, _held(watched))
            if time.monotonic() - begun < seconds and peak < 4 * MEMORY:
                continue
            process.kill()
            out, err = process.communicate()
            return Ended(None, _text(out), _text(err), peak)
        return Ended(process.returncode, _text(out), _text(err), peak)


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def faults_of(ended: Ended, *codes: int) -> list[str]:
    """What is wrong with how a process ended, where one of `codes` is right."""
    found = []
    if ended.code is None:
        found.append(f"nothing came for {SECONDS:.0f} s (it held {ended.peak >> 20} MiB)")
    elif ended.code not in codes:
        found.append(f"exit {ended.code} where {codes} fit: {ended.err.strip()[-200:]}")
    if TRACE in ended.err:
        found.append(f"a trace: {ended.err.strip()[-200:]}")
    if ended.peak > MEMORY:
        found.append(f"{ended.peak >> 20} MiB of memory")
    return found


def faults_of_failure(failed: dict[str, Any]) -> list[str]:
    """What is wrong with an error that a message tells ({code, message, exit_code, ...})."""
    found = []
    if failed["code"] == "internal" or failed.get("exit_code") == 1:
        found.append(f"an error that nobody foresaw: {failed['message'][:200]}")
    message = str(failed["message"])
    if not message.strip() or "\n" in message or len(message) > 600:
        found.append(f"no sentence: {message[:200]!r}")
    return found


def run_job(server: Backend, folder: Path, seconds: float = SECONDS) -> dict[str, Any]:
    """Have a server do a job: {"status": "done" | "failed" | "refused", ...what it told}."""
    answer = server.answer(server.ask("job/run", folder=str(folder)), seconds)
    if "error" in answer:
        return {"status": "refused", **answer["error"]["data"]}
    number = answer["result"]["id"]
    while True:
        message = server.next(seconds)
        params = message.get("params", {})
        if params.get("id") != number:
            continue
        if message["method"] == "job/done":
            return {"status": "done", **params}
        if message["method"] == "job/failed":
            return {"status": "failed", **params}
