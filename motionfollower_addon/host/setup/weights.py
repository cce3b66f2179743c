"""Weights from Blender: what is there, importing, fetching, moving, deleting."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError

from ...core.backend.process import require_python
from ...core.setup.process import TaskPhase
from ...core.setup.weights import (
    WeightsTask,
    backend_command,
    blender_python,
    delete_set,
    folder_size,
    free_space,
    move_command,
)
from .. import compat
from ..options import options
from ..run.session import current
from .backend import preferences, require_online

_BUSY_SECONDS = 0.1


class WeightsSetup:
    """One program about weights at a time, and what the last ones found out."""

    def __init__(self) -> None:
        self.task: WeightsTask | None = None
        self.facts: dict[str, Any] = {}
        """What `weights list` said; empty before it was asked."""
        self.downloads: list[dict[str, Any]] = []
        """[{name, where, holds, bytes}] that fetching would bring; empty before it was asked."""
        self._sizes: dict[str, int] = {}
        self._callback = self._timer

    # -- where --------------------------------------------------------------------------------

    @property
    def folder(self) -> Path | None:
        """The folder of the imported set; None before the backend was asked."""
        chosen = options().weights
        told = self.facts.get("folder")
        return Path(chosen) if chosen else Path(str(told)) if told else None

    @property
    def downloads_folder(self) -> Path:
        """Where fetched files go. Raises InputError where none is chosen."""
        found = preferences()
        text = found.downloads_folder if found is not None else ""
        if not text:
            raise InputError("downloads-unset", "Choose a folder for the downloads first.")
        return Path(bpy.path.abspath(text))

    def size_of(self, path: str) -> int:
        """Bytes in a folder, counted once for each path that is asked for."""
        if path not in self._sizes:
            self._sizes = {path: folder_size(Path(path))}
        return self._sizes[path]

    @property
    def working(self) -> bool:
        """Whether a program runs."""
        return self.task is not None and not self.task.phase.ended

    # -- asking the backend -------------------------------------------------------------------

    def _begin(
        self, label: str, command: list[str], then: Callable[[dict[str, Any]], None]
    ) -> WeightsTask:
        if self.working:
            raise InputError(
                "weights-busy",
                "Other work on the weights goes on.",
                "Wait for its end, or cancel it.",
            )
        self.task = WeightsTask(label, command, then)
        if not bpy.app.background and not bpy.app.timers.is_registered(self._callback):
            bpy.app.timers.register(self._callback, persistent=True)
        return self.task

    def _ask(
        self, label: str, then: Callable[[dict[str, Any]], None], *arguments: str
    ) -> WeightsTask:
        python = require_python(options().backend_python, os.environ)
        return self._begin(label, backend_command(python, *arguments), then)

    def _chosen(self, flag: str) -> tuple[str, ...]:
        return (flag, options().weights) if options().weights else ()

    def look(self) -> WeightsTask:
        """Ask what is needed and what is here."""

        def then(value: dict[str, Any]) -> None:
            self.facts = value

        return self._ask("Looking for weights", then, "list", *self._chosen("--weights"))

    def verify(self) -> WeightsTask:
        """Compare the set with its recorded hashes."""
        return self._ask(
            "Comparing the weights", lambda _: None, "verify", *self._chosen("--weights")
        )

    def import_from(self, source: str, replace: bool = False) -> WeightsTask:
        """Make a set from published files. Raises InputError for a source that is not there."""
        path = Path(bpy.path.abspath(source)) if source else Path()
        if not source or not path.exists():
            raise InputError("weights-source", "Choose the folder of the downloaded files.")
        extra = ("--replace",) if replace else ()
        return self._ask(
            "Importing weights", self._changed, "import", str(path), *self._chosen("--to"), *extra
        )

    def ask_sizes(self) -> WeightsTask:
        """Ask how much fetching would bring, before anything is fetched."""
        require_online()
        folder = str(self.downloads_folder)

        def then(value: dict[str, Any]) -> None:
            self.downloads = list(value.get("downloads") or ())

        return self._ask("Asking for the sizes", then, "fetch", "--to", folder, "--sizes")

    def fetch(self) -> WeightsTask:
        """Fetch what `ask_sizes` told of. Raises InputError before that, or on a small disk."""
        require_online()
        if not self.downloads:
            raise InputError("fetch-sizes", "Ask for the sizes first.")
        folder = self.downloads_folder
        needed = sum(int(item["bytes"]) for item in self.downloads)
        if free_space(folder) < needed:
            raise InputError(
                "disk-short",
                f"The downloads take {needed / (1 << 30):.1f} GiB, which {folder} has not left.",
                "Choose a folder on another disk.",
            )
        task = self._ask("Fetching weights", lambda _: None, "fetch", "--to", str(folder), "--yes")
        task.next_step = "With the authors' own files beside them, press Import Weights."
        return task

    # -- moving and deleting ------------------------------------------------------------------

    def _set_folder(self) -> Path:
        if current().active:
            raise InputError("weights-in-use", "A job is being worked on.", "Wait for its end.")
        folder = self.folder
        if folder is None:
            raise InputError("weights-unknown", "Look for the weights first.")
        return folder

    def move(self, target: str) -> WeightsTask:
        """Move the set to another folder, which becomes the chosen one."""
        if not target:
            raise InputError("weights-target", "Choose the folder to move the weights to.")
        where = Path(bpy.path.abspath(target))
        command = move_command(blender_python(), self._set_folder(), where)
        current().close_backend()

        def then(value: dict[str, Any]) -> None:
            found = preferences()
            if found is not None:
                found.weights = str(where)
                bpy.context.preferences.is_dirty = True
            self._changed(value)

        return self._begin("Moving the weights", command, then)

    def delete(self) -> int:
        """Delete the set's own files; bytes that were freed."""
        folder = self._set_folder()
        current().close_backend()
        freed = delete_set(folder)
        self._changed({})
        return freed

    def _changed(self, _: dict[str, Any]) -> None:
        self.facts = {}
        self._sizes = {}

    # -- listening ----------------------------------------------------------------------------

    def tick(self) -> bool:
        """Listen to the program. Returns whether it still runs."""
        if self.task is None or self.task.phase.ended:
            return False
        if self.task.poll():
            compat.redraw_panels()
        return not self.task.phase.ended

    def wait(self, task: WeightsTask) -> dict[str, Any]:
        """For scripts: wait for the end; the value. Raises the error that it ended with."""
        while self.tick():
            time.sleep(_BUSY_SECONDS)
        if task.phase is not TaskPhase.DONE and task.error is not None:
            raise task.error
        return dict(task.value)

    def _timer(self) -> float | None:
        return _BUSY_SECONDS if self.tick() else None

    def cancel(self) -> None:
        """Stop the program."""
        if self.task is not None:
            self.task.cancel()

    def close(self) -> None:
        """The add-on or Blender goes."""
        if bpy.app.timers.is_registered(self._callback):
            bpy.app.timers.unregister(self._callback)
        if self.task is not None:
            self.task.close()


class _Holder:
    """What is set up in this Blender."""

    setup: WeightsSetup | None = None


def weights_setup() -> WeightsSetup:
    """What is set up in this Blender."""
    if _Holder.setup is None:
        _Holder.setup = WeightsSetup()
    return _Holder.setup


def stop() -> None:
    """Called by `unregister`."""
    if _Holder.setup is not None:
        _Holder.setup.close()
        _Holder.setup = None
