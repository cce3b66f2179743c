"""The log of a run: one JSON object a line, only of steps that led to where it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mf_backend.contracts.files import output_error, write_bytes


class Log:
    """The lines of a run's log.jsonl. Each has `total` (steps of all stages) and `stage`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = read_lines(path)

    def go_on_from(self, total: int) -> None:
        """Forget what was told of later steps: the run that goes on will tell them again."""
        kept = [line for line in self.lines if line["total"] <= total]
        if len(kept) != len(self.lines) or not self.path.exists():
            self.lines = kept
            text = "".join(json.dumps(line) + "\n" for line in kept)
            write_bytes(self.path, text.encode())

    def add(self, line: dict[str, Any]) -> None:
        """Append a line. Raises OutputError where the disk refuses."""
        self.lines.append(line)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise output_error(self.path, error) from error


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Lines that are whole; a kill may have cut the last one off."""
    if not path.is_file():
        return []
    found = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and isinstance(line.get("total"), int):
            found.append(line)
    return found
