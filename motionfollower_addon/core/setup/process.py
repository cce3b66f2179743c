"""The installer as seen from Blender: started, listened to, cancelled. Never waits, no bpy."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO

from mf_backend.contracts.errors import CancelledError, MFError, MissingComponentError

from ..backend.process import clean_environment
from .installer import messages
from .installer.messages import Event
from .installer.plan import InstallPlan

_CLOSE_SECONDS = 3.0


class TaskPhase(Enum):
    """Where a program that Blender started stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will be heard."""
        return self is not TaskPhase.RUNNING


class Task:
    """A child program whose stdout and stderr lines are polled; its stdin's end cancels it."""

    def __init__(self, command: Sequence[str], first: str = "", cwd: Path | None = None) -> None:
        self._lines: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._open = 2
        self.cancelled = False
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=clean_environment(os.environ),
                cwd=cwd,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise MissingComponentError(
                "program-missing", f"{command[0]} could not be started: {error.strerror or error}."
            ) from error
        for name in ("stdout", "stderr"):
            stream = getattr(self._process, name)
            threading.Thread(target=self._read, args=(name, stream), daemon=True).start()
        if first and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.write(first + "\n")
                self._process.stdin.flush()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def _read(self, name: str, stream: IO[str]) -> None:
        with suppress(ValueError):
            for line in stream:
                self._lines.put((name, line.rstrip("\r\n")))
        self._lines.put(None)

    def poll(self) -> list[tuple[str, str]]:
        """(stream, line) of all that arrived since the last call."""
        arrived: list[tuple[str, str]] = []
        while True:
            try:
                item = self._lines.get_nowait()
            except queue.Empty:
                return arrived
            if item is None:
                self._open -= 1
            else:
                arrived.append(item)

    @property
    def code(self) -> int | None:
        """Exit code, once all its output was polled; None before."""
        return self._process.poll() if self._open == 0 else None

    def cancel(self, kill: bool = False) -> None:
        """Ask it to stop by closing its input; `kill` ends a program that listens to none."""
        self.cancelled = True
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        if kill:
            with suppress(OSError):
                self._process.kill()

    def close(self) -> None:
        """Cancel and wait a little; then kill."""
        self.cancel()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass
class InstallStatus:
    """The latest that was heard of an installation."""

    phase: TaskPhase = TaskPhase.RUNNING
    step: str = ""
    text: str = "Starting the installer"
    fraction: float = 0.0
    warnings: list[str] = field(default_factory=list)
    error: MFError | None = None
    torch: str = ""
    torch_note: str = ""
    devices: tuple[str, ...] = ()
    seconds: float = 0.0


class InstallProcess:
    """One run of the installer with one plan."""

    def __init__(self, python: str, plan: InstallPlan) -> None:
        self.plan = plan
        self.status = InstallStatus()
        self.heard = time.monotonic()
        self._stray: list[str] = []
        main = Path(__file__).parent / "installer" / "main.py"
        self._task = Task([python, "-I", str(main)], plan.to_json(), main.parent)

    @property
    def pid(self) -> int:
        """Process id of the installer."""
        return self._task.pid

    def poll(self) -> bool:
        """Take in what arrived. Returns whether anything changed."""
        if self.status.phase.ended:
            return False
        arrived = self._task.poll()
        for name, line in arrived:
            message = messages.read(line) if name == "stdout" else None
            if message is None:
                self._stray.append(line)
                continue
            self._take(*message)
        code = self._task.code
        if code is not None and not self.status.phase.ended:
            last = next((line for line in reversed(self._stray) if line.strip()), f"code {code}")
            self._fail(
                MFError(
                    "installer-ended",
                    f"The installer ended too early: {last}",
                    "Start it again: what is installed is kept.",
                )
            )
            return True
        return bool(arrived)

    def _take(self, event: Event, values: object) -> None:
        assert isinstance(values, dict)
        status = self.status
        self.heard = time.monotonic()
        if event is Event.PROGRESS:
            status.step = str(values.get("step") or "")
            status.text = str(values.get("text") or "")
            status.fraction = float(values.get("fraction") or 0.0)
        elif event is Event.WARNING:
            status.warnings.append(str(values.get("text")))
        elif event is Event.DONE:
            status.phase, status.fraction = TaskPhase.DONE, 1.0
            status.torch = str(values.get("torch") or "")
            status.torch_note = str(values.get("torch_note") or "")
            status.devices = tuple(str(item) for item in values.get("devices") or ())
            status.seconds = float(values.get("seconds") or 0.0)
        elif event is Event.FAILED:
            self._fail(
                MFError(
                    str(values.get("code")),
                    str(values.get("message")),
                    str(values.get("hint") or ""),
                )
            )
        else:
            self.status.phase = TaskPhase.CANCELLED
            self.status.error = CancelledError("Cancelled; what is installed is kept.")

    def _fail(self, error: MFError) -> None:
        cancelled = self._task.cancelled
        self.status.phase = TaskPhase.CANCELLED if cancelled else TaskPhase.FAILED
        self.status.error = error

    def cancel(self) -> None:
        """Stop; installing again goes on from there."""
        self._task.cancel()

    def close(self) -> None:
        """End it, at the latest after 3 s."""
        self._task.close()
