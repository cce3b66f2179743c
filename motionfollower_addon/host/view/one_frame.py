"""One frame by the preview engine: asked of the backend, and shown in an Image Editor."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.protocol.messages import Method

from ... import ids
from ...core.backend.client import Answer, BackendClient
from .. import compat
from ..run.session import current
from . import fit

_EVERY_SECONDS = 0.05
_LONGEST_SECONDS = 120.0
_NAME = "MotionFollower frame"


class OneFrame:
    """One question for one frame. Call `step` until it is true; then `image` or `error` is set."""

    def __init__(self, scene: Any) -> None:
        """Raises InputError where no job of the scene is conditioned for its current frame."""
        job = fit.fitted(scene)
        if job is None or not job.masked:
            raise InputError(
                "not-conditioned",
                "The actor's joints and masks are not there yet.",
                "Render once with the preview engine; single frames can be looked at after that.",
            )
        index = job.index_at(scene.frame_current_final)
        if index is None:
            raise InputError(
                "no-such-frame",
                f"The take {job.title!r} has no frame at this place of the timeline.",
                f"It goes from frame {job.frames[0]:g} to {job.frames[-1]:g}.",
            )
        self.index = index
        self.folder = job.folder
        self.image = ""
        """Name of the image that shows the frame."""
        self.error: MFError | None = None
        self.seconds = 0.0
        """From asking to showing."""
        self._begun = time.monotonic()
        self._client: BackendClient = current().client()
        self._answer: Answer = self._client.ask(
            Method.FRAME_PREVIEW, {"folder": str(job.folder), "index": index}
        )

    def step(self) -> bool:
        """See whether the answer arrived; true once there is nothing more to wait for."""
        self._client.poll()
        self.seconds = time.monotonic() - self._begun
        if not self._answer.here:
            if self.seconds > _LONGEST_SECONDS:
                self.error = MFError(
                    "backend-silent", "The backend did not make the frame.", "Try again."
                )
            return self.error is not None
        try:
            path = Path(str(self._answer.take().get("path")))
            self.image = _load(path, self.folder, self.index).name
        except MFError as error:
            self.error = error
        except RuntimeError as error:
            self.error = MFError(
                "frame-unreadable", f"Blender cannot read the frame: {error}.", "Try again."
            )
        self.seconds = time.monotonic() - self._begun
        return True

    def wait(self) -> None:
        """Block until the frame is there; for scripts. Raises what went wrong."""
        while not self.step():
            time.sleep(_EVERY_SECONDS)
        if self.error is not None:
            raise self.error


def _load(path: Path, folder: Path, index: int) -> Any:
    """The image of previewed frames, showing this one; there is one for a file."""
    image = next((item for item in bpy.data.images if item.get(ids.IMAGE_FRAME)), None)
    if image is None:
        image = bpy.data.images.load(str(path), check_existing=False)
        image.name = _NAME
    else:
        image.filepath = str(path)
        image.reload()
    image[ids.IMAGE_FRAME] = json.dumps({"folder": str(folder), "index": index})
    return image


def show(name: str) -> None:
    """Show the image in an Image Editor that has it or nothing, else in a new window."""
    image = bpy.data.images.get(name)
    windows = list(compat.windows())
    if image is None or not windows:
        return
    for window in windows:
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR" and area.spaces.active.image in (None, image):
                area.spaces.active.image = image
                area.tag_redraw()
                return
    with bpy.context.temp_override(window=windows[0]):
        bpy.ops.wm.window_new()
    opened = next(item for item in compat.windows() if item not in windows)
    area = max(opened.screen.areas, key=lambda item: item.width * item.height)
    area.type = "IMAGE_EDITOR"
    area.spaces.active.image = image


class _Holder:
    """The question that the window waits for, or the latest one."""

    asked: OneFrame | None = None
    waiting = False


def latest() -> OneFrame | None:
    """The latest question of the window."""
    return _Holder.asked


def waiting() -> bool:
    """Whether an answer is still to come."""
    return _Holder.waiting


def begin(scene: Any) -> None:
    """Ask for the scene's current frame and show it when it comes. Raises InputError."""
    _Holder.asked = OneFrame(scene)
    _Holder.waiting = True
    if not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look)


def _look() -> float | None:
    asked = _Holder.asked
    if asked is None or not asked.step():
        return _EVERY_SECONDS if asked is not None else None
    _Holder.waiting = False
    if asked.image:
        show(asked.image)
    compat.redraw_views("IMAGE_EDITOR")
    compat.redraw_panels()
    return None


def stop() -> None:
    """Wait for nothing more; called when the add-on goes away."""
    _Holder.asked, _Holder.waiting = None, False
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)
