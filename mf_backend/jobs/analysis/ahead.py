"""Mattes made beside the joints: both take long, and neither needs the other's results.

The networks run outside of Python's lock, so a thread is enough to use a second core.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.estimators import load_estimator
from mf_backend.actor.masks.kept_mattes import GoesOn, kept_mattes
from mf_backend.clip import open_clip
from mf_backend.contracts.findings import Findings
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Reference, Settings

_POLL_SECONDS = 0.1


class Ahead:
    """The mattes of one clip, begun as soon as it is roughly known where the actor is.

    A context manager: leaving it stops the thread.
    """

    def __init__(self, reference: Reference, settings: Settings) -> None:
        self._reference, self._settings = reference, settings
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self.made = 0
        """Frames whose mattes are there."""

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def begin(self, joints: NDArray[np.float64], findings: Findings) -> None:
        """Start, where the chosen estimator needs no more than rough joints [frames, 18, 2]."""
        if not isinstance(load_estimator(self._settings.mask_estimator), GoesOn):
            return
        self._thread = threading.Thread(
            target=self._run, args=(joints, findings), name="mattes", daemon=True
        )
        self._thread.start()

    def wait(self, say: Callable[[int], None], reporter: Reporter) -> None:
        """Wait for the last matte; `say` hears how many there are. Raises what the thread met."""
        if self._thread is None:
            return
        said = -1
        while self._thread.is_alive():
            self._thread.join(_POLL_SECONDS)
            reporter.check()
            if self.made != said:
                said = self.made
                say(said)
        if self._error is not None:
            raise self._error

    def _run(self, joints: NDArray[np.float64], findings: Findings) -> None:
        try:
            estimator = load_estimator(self._settings.mask_estimator)
            with open_clip(self._reference) as clip:
                frames = range(clip.count)
                device = self._settings.device
                for index, _ in kept_mattes(estimator, clip, joints, frames, device, findings):
                    self.made = index + 1
                    if self._stop.is_set():
                        return
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
