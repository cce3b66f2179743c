"""Where one result belongs, while files open, close and are saved; and what it waits for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError

from ...core.job.provenance import Origin
from .. import compat
from . import home_scene


class Destination:
    """Knows the scene that the result of one run belongs in."""

    def __init__(self, origin: Origin | None = None, scene: Any = None) -> None:
        """For a job on disk by its origin, for a new one by the scene whose Sequencer is meant."""
        self.origin = origin or Origin()
        self._left: str | None = None
        """Path of the file that was left, empty if it never had one; None while it is open."""
        self._scene_name, self._scene_uid = "", 0
        """Blender's own number holds while the file is open, whatever the scene is called."""
        if scene is not None:
            self._scene_name, self._scene_uid = scene.name, int(scene.session_uid)
        else:
            self._know_scene()

    def _know_scene(self) -> None:
        scene = home_scene.find_scene(self.origin)
        self._scene_uid = int(scene.session_uid) if scene is not None else 0

    # -- looking ------------------------------------------------------------------------------

    def need(self) -> Any:
        """The scene, while the run still reads from it. Raises InputError where it is gone."""
        scene = home_scene.by_uid(self._scene_uid)
        if scene is None:
            raise InputError(
                "scene-missing",
                f"The scene {self._scene_name!r} is gone.",
                "Start again in the scene that you want the take in.",
            )
        return scene

    def find(self) -> Any:
        """The scene that the result belongs in; None while another file is open."""
        if self._left is None:
            return home_scene.by_uid(self._scene_uid) or home_scene.find_scene(self.origin)
        return home_scene.find_scene(self.origin) if home_scene.may_be_open(self._left) else None

    @property
    def file(self) -> str:
        """Path of the file that holds the scene but is not open; empty where there is none."""
        if self._left is not None:
            return self._left
        blend = self.origin.blend
        return "" if self._scene_uid or home_scene.same_file(blend, bpy.data.filepath) else blend

    def require_open(self) -> None:
        """Raises InputError unless the file that the run was started in is open."""
        if self._left is None:
            return
        if self._left:
            words = f"This run was started in {Path(self._left).name}, which is not open."
            raise InputError("other-file", words, "Open that file first.")
        words = "This run was started in a file that was closed without ever being saved."
        raise InputError("other-file", words, "Press Render Take to start a new one here.")

    @property
    def scene_gone(self) -> bool:
        """Whether the scene is gone for good: deleted, or closed without ever being saved."""
        return self.find() is None and not self.file

    def words(self) -> str:
        """What a finished result waits for."""
        if self.find() is not None:
            if compat.rendering():
                return "Finished; the take comes in when Blender has rendered"
            return "Finished; the take comes in"
        if self.file:
            return f"Finished; the take comes in when {Path(self.file).name} is open again"
        if self._left is None and self._scene_uid:
            gone = f"Finished, but its scene {self.origin.scene} was deleted"
        else:
            gone = "Finished, but its file was closed without ever being saved"
        return f"{gone}. Bring it in here, or take the pictures from its folder"

    # -- what happens to files ----------------------------------------------------------------

    def before_save(self) -> None:
        """The file is about to be written: its scene must be found again in a later session."""
        scene = home_scene.by_uid(self._scene_uid) if self._left is None else None
        if scene is not None and self.origin.scene_id:
            home_scene.mark_again(scene, self.origin.scene_id)

    def after_save(self, folder: Path | None) -> None:
        """The file was written: a later session finds the job by the path that it has now."""
        if folder is None or self._left is not None or home_scene.by_uid(self._scene_uid) is None:
            return
        if not home_scene.same_file(home_scene.known_file(folder, self.origin), bpy.data.filepath):
            home_scene.remember_file(folder)

    def leave_file(self) -> None:
        """The file is about to close."""
        if self._left is None:
            self._left = self.file or bpy.data.filepath

    def enter_file(self) -> None:
        """A file was opened: the one that was left may be back."""
        if self._left and home_scene.same_file(self._left, bpy.data.filepath):
            self._left = None
            self._know_scene()

    def stay_in_file(self) -> None:
        """Another file could not be opened, and the one that was open stays."""
        if self._left is not None and home_scene.by_uid(self._scene_uid) is not None:
            self._left = None

    def adopt(self, scene: Any) -> None:
        """Let the result come to `scene`, since its own is gone; its footage comes along."""
        self._left, self._scene_uid = None, int(scene.session_uid)
        self.origin = dataclasses.replace(self.origin, strip="")
