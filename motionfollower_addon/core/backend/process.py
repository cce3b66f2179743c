"""The backend as a child process: start it, read its messages, notice when it is gone.

Nothing here waits: a thread reads the child's stdout into a queue that `poll` empties.
"""

from __future__ import annotations

import io
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import MFError, MissingComponentError
from mf_backend.protocol import messages

_CLOSE_SECONDS = 2.0
_KEPT_LOGS = 5
_LOG_NAME = re.compile(r"backend-\d+-\d+\.log")


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without the PYTHON* variables that bind a child to Blender's own Python."""
    kept = {k: v for k, v in environment.items() if not k.upper().startswith("PYTHON")}
    # Names of files and messages must not depend on the locale Blender was started in.
    kept["PYTHONUTF8"] = "1"
    # Nothing is imported from the folder a child is started in, whatever lies there.
    kept["PYTHONSAFEPATH"] = "1"
    return kept


def new_log(folder: Path) -> Path:
    """A fresh log file name for one backend process; all but the newest few logs are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    logs = (path for path in folder.iterdir() if _LOG_NAME.fullmatch(path.name))
    old = sorted(logs, key=lambda path: path.stat().st_mtime)
    for path in old[: max(0, len(old) - _KEPT_LOGS + 1)]:
        with suppress(OSError):  # Windows keeps the log of a backend that still runs.
            path.unlink()
    number = 1
    while (path := folder / f"backend-{os.getpid()}-{number}.log").exists():
        number += 1
    return path


@contextmanager
def _no_broken_pipe_signal() -> Iterator[None]:
    """Writing to a child that is gone raises OSError here, and never ends the whole process.

    Blender leaves SIGPIPE at its default, which is to end it. The signal comes to the thread that
    writes, so it is held back in this thread alone, and taken if it came.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held = {signal.SIGPIPE}
    pending = signal.SIGPIPE in signal.sigpending()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        if not pending and signal.SIGPIPE in signal.sigpending():
            signal.sigwait(held)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class BackendProcess:
    """One run of `PYTHON -m mf_backend serve`.

    The child ends with Blender: its stdin closes when this process goes away, however that happens.
    """

    def __init__(self, python: Path, log: Path, arguments: Sequence[str] = ()) -> None:
        self.log = log
        self._python = python
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._ended = False
        self._last_words = ""
        try:
            with log.open("ab") as errors:
                self._process = subprocess.Popen(
                    [str(python), "-m", "mf_backend", "serve", *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    # A buffer would be written again when it is closed, at any time.
                    bufsize=0,
                    env=clean_environment(os.environ),
                    # Not Blender's own: `-m` would import what happens to lie there.
                    cwd=log.parent,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise MissingComponentError(
                "backend-python",
                f"The backend's Python could not be started: {python} ({error.strerror or error}).",
                "Choose the Python of the backend's environment in the add-on's preferences.",
            ) from error
        # No bpy in this thread: it only moves bytes.
        assert isinstance(self._process.stdout, io.FileIO)
        stdout = io.BufferedReader(self._process.stdout)
        self._reader = threading.Thread(
            target=self._read, args=(stdout,), name="motionfollower-reader"
        )
        self._reader.daemon = True
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id of the backend."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the end of the child's output was polled: nothing more will come."""
        return self._ended

    def _read(self, stream: io.BufferedReader) -> None:
        for line in messages.read_lines(stream):
            try:
                self._queue.put(messages.decode(line))
            except messages.LineError as error:
                self._note(f"unreadable line from the backend: {error.message}")
        # Here and not in `death`, which must not keep Blender's window waiting.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSE_SECONDS)
        self._last_words = self.last_words()
        self._queue.put(None)

    def _note(self, text: str) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"[add-on] {text}\n")

    def send(self, message: dict[str, Any]) -> None:
        """Write one message. A child that is gone is noticed by `poll`, not here."""
        stdin = self._process.stdin
        assert stdin is not None
        data = memoryview(messages.encode(message))
        # ValueError: closed already.
        with _no_broken_pipe_signal(), suppress(OSError, ValueError):
            while data:
                data = data[stdin.write(data) :]

    def poll(self) -> list[dict[str, Any]]:
        """Messages that arrived since the last call; sets `ended` after the last one."""
        arrived: list[dict[str, Any]] = []
        while True:
            try:
                message = self._queue.get_nowait()
            except queue.Empty:
                return arrived
            if message is None:
                self._ended = True
                return arrived
            arrived.append(message)

    def death(self) -> MFError:
        """Why the process is gone, for a person, with the path of its log; once it has `ended`."""
        how = _how_it_ended(self._process.poll())
        last = self._last_words
        if "No module named mf_backend" in last:
            return MissingComponentError(
                "backend-not-installed",
                f"The backend is not installed in {self._python}.",
                "Choose the Python of the backend's own environment in the preferences.",
            )
        return MFError(
            "backend-ended",
            f"The backend {how}{': ' + last if last else '.'}",
            f"Resume or start again: what was finished is kept. The log is {self.log}",
        )

    def last_words(self) -> str:
        """The last line of the log that looks like an error; empty where there is none."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        for line in reversed(lines[-20:]):
            error = "Error" in line or "No module named" in line
            if error and not line.startswith((" ", "[add-on]")):
                return line.strip()[:300]
        return ""

    def close(self) -> None:
        """End the child: ask, then close its input, then kill. Takes 2 s at the very most."""
        self.send(messages.request("bye", messages.Method.SHUTDOWN, {}))
        stdin = self._process.stdin
        assert stdin is not None
        with _no_broken_pipe_signal(), suppress(OSError):
            stdin.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_CLOSE_SECONDS)
        self._ended = True


def _how_it_ended(code: int | None) -> str:
    """The end of "The backend ..." for a process's exit code; None: it still runs."""
    if code is None:
        return "no longer answers"
    name = {-int(number): number.name for number in signal.Signals}.get(code, "")
    if name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"):
        why = ", perhaps because memory ran out" if name == "SIGKILL" else ""
        return f"was stopped from outside{why}"
    if name in ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE") or code in _WINDOWS_CRASHES:
        return "crashed"
    return f"ended by itself (code {code})"


_WINDOWS_CRASHES = frozenset({0xC0000005, 0xC0000409, 0xC000001D, 0xC00000FD})
"""Exit codes of access violation, fast fail, illegal instruction and stack overflow."""


def default_python(environment: Mapping[str, str]) -> str:
    """The backend's Python where the preferences name none; empty when nothing is set."""
    return environment.get("MOTIONFOLLOWER_BACKEND_PYTHON", "")


def require_python(chosen: str, environment: Mapping[str, str]) -> Path:
    """The backend's Python. Raises MissingComponentError where none is set or it is not there."""
    text = chosen.strip() or default_python(environment)
    if not text:
        raise MissingComponentError(
            "backend-not-set",
            "The backend is not set up yet.",
            "Press Install Backend in the add-on's preferences.",
        )
    # Not resolved: a virtual environment's python is often a link, and is found by its own path.
    path = Path(text)
    if path.is_dir():
        path = path / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not path.is_file():
        raise MissingComponentError(
            "backend-python",
            f"The backend's Python is no longer at {path}.",
            "Press Install Backend in the add-on's preferences, or name another one there.",
        )
    return path
