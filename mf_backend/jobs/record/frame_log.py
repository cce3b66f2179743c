"""What was written into each finished frame, one line a frame, before the frame itself.

So a frame with another content than any line says was painted by somebody else. Whoever makes some
of a job's frames apart has a file of his own, since several cannot append to one over a network.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path

from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.files import output_error, write_bytes

_Line = tuple[str, str, FileMark]
"""A frame's name, what it was made from, what it was."""
_FORGOTTEN = "forgotten"


class FrameLog:
    """The lines of one job's frames; a line that is damaged or half-written says nothing."""

    def __init__(self, record: Path, part: str = "") -> None:
        """The lines of all files in `record`; `part` names the range that new ones belong to."""
        self._whole = record / "frames.jsonl"
        self._path = record / f"frames-{part}.jsonl" if part else self._whole
        self._lines: list[_Line] = []
        self._others: list[_Line] = []
        self._added = False
        for path in (self._whole, *self._parts()):
            (self._lines if path == self._path or not part else self._others).extend(_read(path))

    def _parts(self) -> list[Path]:
        return sorted(self._whole.parent.glob("frames-*.jsonl"))

    def add(self, name: str, made_from: str, mark: FileMark) -> None:
        """Note what will be written under `name`. Raises OutputError where the disk refuses."""
        # The first line of a run begins anew, even after one that a full disk cut short.
        line = ("" if self._added else "\n") + _line(name, made_from, mark)
        data = line.encode()
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            handle = os.open(self._path, flags, 0o666)
            try:
                if os.write(handle, data) < len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(handle)
        except OSError as error:
            raise output_error(self._path, error) from error
        self._added = True
        self._lines.append((name, made_from, mark))

    def know(self, made_from: str, marks: Mapping[str, FileMark]) -> None:
        """Note what is known of frames from elsewhere, each once."""
        for name, mark in marks.items():
            if (name, made_from, mark) not in self._lines:
                self.add(name, made_from, mark)

    def marks(self, made_from: str) -> dict[str, FileMark]:
        """What each frame that was made from the same things was, by name."""
        lines = (*self._others, *self._lines)
        return {name: mark for name, source, mark in lines if source == made_from}

    def ours(self, name: str, mark: FileMark | None) -> bool:
        """Whether we wrote such a frame under this name, from whatever."""
        return any(n == name and m == mark for n, _, m in (*self._others, *self._lines))

    def forget(self, made_from: str) -> None:
        """Let no frame made from these things count as done; they stay known as ours."""
        self._lines = [
            (name, _FORGOTTEN if source == made_from else source, mark)
            for name, source, mark in self._lines
        ]
        write_bytes(self._path, "".join(_line(*line) for line in self._lines).encode())
        if self._path == self._whole:
            for path in self._parts():
                path.unlink(missing_ok=True)


def _read(path: Path) -> list[_Line]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    lines = []
    for line in text.splitlines():
        try:
            name, made_from, *mark = json.loads(line)
            lines.append((str(name), str(made_from), FileMark.read(mark)))
        except (ValueError, TypeError, RecursionError):
            continue
    return lines


def _line(name: str, made_from: str, mark: FileMark) -> str:
    return json.dumps([name, made_from, *mark.plain()]) + "\n"
