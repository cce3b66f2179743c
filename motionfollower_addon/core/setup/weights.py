"""Programs about weights, started from Blender and polled. Never waits, no bpy."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mf_backend.contracts.errors import CancelledError, InputError, MFError
from mf_backend.protocol.messages import error_from

from .process import Task, TaskPhase

RECORD = "weights.json"
"""The file that tells a folder of imported weights from any other."""


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder or of one file; 0 where there is nothing."""
    if folder.is_file():
        return folder.stat().st_size
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def free_space(folder: Path) -> int:
    """Free bytes where a folder lies or would be made."""
    here = folder.absolute()
    while not here.exists() and here != here.parent:
        here = here.parent
    return shutil.disk_usage(here).free


def size_text(size: int) -> str:
    """A size for a person."""
    if size >= 1 << 30:
        return f"{size / (1 << 30):.1f} GiB"
    return f"{size / (1 << 20):.1f} MiB"


@dataclass(frozen=True)
class WeightFiles:
    """The files of one imported set, by its own record."""

    folder: Path
    names: tuple[str, ...]
    size: int


def set_files(folder: Path) -> WeightFiles:
    """The files that belong to the set in a folder. Raises InputError where there is none."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        names = (*(Path(name).name for name in record["files"]), RECORD)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "weights-missing", f"{folder} holds no imported weights.", "Choose their folder."
        ) from error
    sizes = [path.stat().st_size for name in names if (path := folder / name).is_file()]
    return WeightFiles(folder, tuple(dict.fromkeys(names)), sum(sizes))


def delete_set(folder: Path) -> int:
    """Delete the files of a set, the record last, and the folder if nothing else is in it.

    Returns the bytes that were freed. Raises InputError where there is no set.
    """
    files = set_files(folder)
    for name in files.names:
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
    return files.size


def move_command(python: str, source: Path, target: Path) -> list[str]:
    """The program that moves a set: a child, as gigabytes may go to another disk.

    Raises InputError where there is no set, or something is in the way, or the disk is too small.
    """
    files = set_files(source)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(
            "weights-target", f"{target} holds other files.", "Choose a new or an empty folder."
        )
    if source.resolve() in (target.resolve(), *target.resolve().parents):
        raise InputError(
            "weights-target", f"{target} lies in the weights' own folder.", "Choose another one."
        )
    free = free_space(target)
    if free < files.size and free_space(source) != free:
        raise InputError(
            "disk-short",
            f"The weights take {size_text(files.size)}, {target} has {size_text(free)} left.",
            "Free some space or choose another folder.",
        )
    script = Path(__file__).with_name("move_weights.py")
    return [python, "-I", str(script), str(source), str(target), *files.names]


def backend_command(python: Path, *arguments: str) -> list[str]:
    """`python -m mf_backend weights …` with its one JSON object on stdout."""
    return [str(python), "-m", "mf_backend", "weights", *arguments, "--json"]


def blender_python() -> str:
    """The Python that Blender brings, as a program."""
    return sys.executable


_LOGGED = re.compile(r"\d{4}-\d\d-\d\d [\d:,.]+ [A-Z]+ ")
_BAR = re.compile(r"^(.*?):?\s+(\d+)\s?%\|")


def shown(line: str) -> str:
    """What a person needs of a program's line: a progress bar as a share, nothing of its log."""
    last = line.strip().split("\r")[-1].strip()
    if _LOGGED.match(last):
        return ""
    bar = _BAR.match(last)
    return f"{bar[1]}: {bar[2]} %" if bar else last[-200:]


class WeightsTask:
    """One program about weights that ends with one JSON object on stdout."""

    def __init__(
        self, label: str, command: Sequence[str], then: Callable[[dict[str, object]], None]
    ) -> None:
        self.label = label
        self.next_step = ""
        """What to do once it is done; may be empty."""
        self.phase = TaskPhase.RUNNING
        self.text = label
        self.error: MFError | None = None
        self.value: dict[str, object] = {}
        self.lines: list[str] = []
        self._then = then
        self._out: list[str] = []
        self._task = Task(command)

    def poll(self) -> bool:
        """Take in what arrived. Returns whether anything changed."""
        if self.phase.ended:
            return False
        arrived = self._task.poll()
        for name, line in arrived:
            if name == "stdout":
                self._out.append(line)
            elif line.strip():
                self.lines.append(line.strip())
                del self.lines[:-100]  # progress bars say much
                self.text = shown(line) or self.text
        code = self._task.code
        if code is None:
            return bool(arrived)
        if self._task.cancelled:
            self.phase, self.error = TaskPhase.CANCELLED, CancelledError("Cancelled.")
            return True
        value = _last_object(self._out)
        if code == 0:
            self.value = value
            self.phase = TaskPhase.DONE
            self._then(value)
        else:
            self.phase = TaskPhase.FAILED
            told = value.get("error")
            last = self.lines[-1] if self.lines else f"it ended with code {code}"
            self.error = error_from(told if isinstance(told, dict) else {}, last)
        return True

    def cancel(self) -> None:
        """Stop it; what was fetched is kept and goes on later."""
        self._task.cancel(kill=True)

    def close(self) -> None:
        """End it."""
        self._task.close()


def _last_object(lines: Sequence[str]) -> dict[str, object]:
    try:
        value = json.loads("\n".join(lines))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
