"""Child programs of the installer: every line into the log, ended at once when cancelled.

Standard library.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from .plan import InstallCancelled, InstallRefusal, child_environment

_TICK = 0.2


class Children:
    """Runs programs one after another under one log, one cancel sign and one lock."""

    def __init__(self, log: Path, cancelled: threading.Event, lock: int | None = None) -> None:
        self._log = log
        self._cancelled = cancelled
        self._lock = lock

    @property
    def folder(self) -> Path:
        """The folder that they work in, which the log lies in."""
        return self._log.parent

    def check(self) -> None:
        """Raises InstallCancelled when the person cancelled."""
        if self._cancelled.is_set():
            raise InstallCancelled()

    def note(self, text: str) -> None:
        """Write a line into the log."""
        with self._log.open("a", encoding="utf-8") as file:
            file.write(text.rstrip("\n") + "\n")

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """Start a program. It keeps the lock as long as it lives, also when we are killed."""
        self.check()
        self.note(f"$ {' '.join(command)}")
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW
        else:
            options["start_new_session"] = True
            options["pass_fds"] = () if self._lock is None else (self._lock,)
        environment = {**child_environment(), **options.pop("env", {})}
        try:
            return subprocess.Popen(
                list(command),
                stdin=options.pop("stdin", subprocess.DEVNULL),
                stdout=subprocess.PIPE,
                stderr=options.pop("stderr", subprocess.STDOUT),
                text=True,
                encoding="utf-8",
                errors="replace",
                env=environment,
                cwd=self.folder,
                **options,
            )
        except OSError as error:
            raise InstallRefusal(
                "program-missing", f"{command[0]} could not be started: {error.strerror or error}."
            ) from error

    def run(
        self,
        command: Sequence[str],
        line: Callable[[str], None] | None = None,
        seconds: float | None = None,
        quiet: bool = False,
        unlogged: str = "",
        **options: Any,
    ) -> tuple[int, list[str]]:
        """Run a program to its end; its exit code and its last lines.

        `line` hears each line as it comes. `quiet` keeps the output out of the log, `unlogged`
        the lines that begin so. Raises InstallCancelled, after the program was ended, and
        InstallRefusal where it cannot start.
        Past `seconds` it is ended and its code is 124.
        """
        process = self.start(command, **options)
        stream = LineReader(process.stdout)
        kept: list[str] = []
        stop = time.monotonic() + seconds if seconds is not None else None
        try:
            for text in stream.lines(_TICK):
                self.check()
                if stop is not None and time.monotonic() > stop:
                    end(process)
                    return 124, kept
                if text is None:
                    continue
                if unlogged and text.startswith(unlogged):
                    if line is not None:
                        line(text)
                    continue
                if not quiet:
                    self.note(text)
                kept.append(text)
                if not quiet:
                    del kept[:-200]
                if line is not None:
                    line(text)
            return process.wait(), kept
        finally:
            end(process)


class LineReader:
    """Lines of a stream from a thread, so that waiting for one can be broken off."""

    def __init__(self, stream: IO[str] | None) -> None:
        assert stream is not None
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[str]) -> None:
        with suppress(ValueError):  # closed while it was read
            for text in stream:
                self._queue.put(text.rstrip("\r\n"))
        self._queue.put(None)

    def lines(self, tick: float) -> Any:
        """Each line, and None every `tick` seconds without one; ends with the stream."""
        while True:
            try:
                text = self._queue.get(timeout=tick)
            except queue.Empty:
                yield None
                continue
            if text is None:
                return
            yield text


def end(process: subprocess.Popen[str]) -> None:
    """End a program and what it started; one that ended already is left alone."""
    if process.poll() is None:
        with suppress(OSError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class FolderLock:
    """Held by the one who installs into a folder, and by programs that it started."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b")

    @property
    def number(self) -> int:
        """File descriptor to hand on to children."""
        return self._file.fileno()

    def take(self, seconds: float, cancelled: threading.Event) -> None:
        """Wait for the lock. Raises InstallRefusal where another keeps it, or InstallCancelled."""
        stop = time.monotonic() + seconds
        while not self._try():
            if cancelled.is_set():
                raise InstallCancelled()
            if time.monotonic() > stop:
                raise InstallRefusal(
                    "folder-busy",
                    f"Another installer still works in {Path(self._file.name).parent}.",
                    "Wait until it is done, or choose another folder.",
                )
            time.sleep(_TICK)

    def _try(self) -> bool:
        try:
            if sys.platform == "win32":
                import msvcrt

                self._file.seek(0)
                msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Give it back."""
        self._file.close()
