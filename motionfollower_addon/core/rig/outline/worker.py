"""Draws a character's outlines in a thread, so that Blender's window only hands over vertices."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.shape import Verdict, check_mask
from mf_backend.contracts.errors import MFError

from ..joints.projection import Camera, Lens, pixel_rows
from .silhouette import Part, Topology, fill, shrink_rows, working_size

_WAITING = 2
"""Frames that may wait for the thread: each holds a copy of all vertices."""
_USABLE = (Verdict.GOOD, Verdict.AREA)


@dataclass(frozen=True, eq=False)
class Shape:
    """A mesh of the character at one moment, in world space."""

    topology: Topology
    places: NDArray[np.float32]
    """Vertices in the mesh's own space, [vertices, 3]."""
    world: NDArray[np.float64]
    """From there to world space, [4, 4]."""


@dataclass(frozen=True, eq=False)
class Outlines:
    """Masks of a clip's frames, one bit a pixel, at `size` (width, height)."""

    size: tuple[int, int]
    bits: NDArray[np.uint8]
    """[frames, height, width / 8 rounded up]."""

    def mask(self, index: int, size: tuple[int, int]) -> NDArray[np.uint8]:
        """One frame's mask enlarged to `size` (width, height), 0 and 255, [height, width]."""
        width, height = self.size
        small = np.unpackbits(self.bits[index], axis=1, count=width) * np.uint8(255)
        across = (np.arange(size[0]) + 0.5) * (width / size[0])
        down = (np.arange(size[1]) + 0.5) * (height / size[1])
        large: NDArray[np.uint8] = small[down.astype(int)][:, across.astype(int)]
        return large


@dataclass(frozen=True, eq=False)
class _Frame:
    index: int
    shapes: Sequence[Shape]
    camera: Camera
    joints: NDArray[np.float32]


class OutlineWorker:
    """The outlines of `count` frames. `put` each frame where there is `room`; `close` in any case.

    `size` is the clip's (width, height), `pixel_aspect` as for `project`.
    """

    def __init__(
        self, count: int, size: tuple[int, int], pixel_aspect: tuple[float, float]
    ) -> None:
        self._size, self._aspect = size, pixel_aspect
        self._small = working_size(size)
        width, height = self._small
        self._bits = np.zeros((count, height, (width + 7) // 8), np.uint8)
        self._usable = np.zeros(count, np.bool_)
        self._left = count
        self._queue: deque[_Frame] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._error: MFError | None = None
        self._thread: threading.Thread | None = None

    def room(self, seconds: float) -> bool:
        """Whether another frame may be put, after waiting so long for it at most.

        Raises what went wrong in the thread.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._error or len(self._queue) < _WAITING, seconds)
            self._complain()
            return len(self._queue) < _WAITING

    def put(
        self,
        index: int,
        shapes: Sequence[Shape],
        camera: Camera,
        joints: NDArray[np.float32],
    ) -> None:
        """Have the outline of a frame drawn. `joints` [60, 2] in the clip's pixels go with it."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="motionfollower-outline", daemon=True
            )
            self._thread.start()
        with self._changed:
            self._queue.append(_Frame(index, shapes, camera, joints))
            self._changed.notify_all()

    def finished(self, seconds: float) -> bool:
        """Whether all frames are drawn, after waiting so long for it at most. Raises as `room`."""
        with self._changed:
            self._changed.wait_for(lambda: self._error or not self._left, seconds)
            self._complain()
            return not self._left

    def take(self) -> Outlines | None:
        """The masks; None where the meshes do not cover the skeleton in at least half the frames.

        A sword alone, or a head, says nothing about where the whole actor will be.
        """
        if 2 * int(self._usable.sum()) < len(self._usable):
            return None
        return Outlines(self._small, self._bits)

    def close(self) -> None:
        """End the thread; what was not drawn is forgotten."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()

    def _complain(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._queue)
                if self._closed:
                    return
                frame = self._queue[0]
            try:
                self._draw(frame)
            except Exception as error:  # noqa: BLE001 - a thread's exception would be lost
                with self._changed:
                    self._error = MFError(
                        "outline",
                        f"The character's outline could not be drawn: {error}.",
                        "Switch off Character's Outline in the section Fit to Actor.",
                    )
                    self._changed.notify_all()
                return
            with self._changed:
                if self._queue:
                    self._queue.popleft()
                self._left -= 1
                self._changed.notify_all()

    def _draw(self, frame: _Frame) -> None:
        flat = frame.camera.lens is Lens.ORTHOGRAPHIC
        rows = pixel_rows(frame.camera, self._size, self._aspect)
        rows = shrink_rows(rows, self._size, self._small, flat)
        parts = [Part(shape.topology, shape.places, rows @ shape.world) for shape in frame.shapes]
        mask = fill(parts, self._small, flat)
        self._bits[frame.index] = np.packbits(mask, axis=1)
        factor = np.array(self._small) / np.array(self._size)
        joints = (frame.joints + 0.5) * factor - 0.5
        self._usable[frame.index] = check_mask(mask, joints).verdict in _USABLE
