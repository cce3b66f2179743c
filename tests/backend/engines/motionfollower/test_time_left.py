"""The time left is honest from the first tenth on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mf_backend.clip import open_clip
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import ClipKind, Reference, Settings
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob


class Stopwatch(NullReporter):
    """This process's own time at each step, so that other work on the machine does not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self.seen: list[tuple[float, float]] = []

    def begin(self, stage: str, total: int) -> None:
        self.total = total
        self._start = time.process_time()

    def advance(self, step: int, note: str = "") -> None:
        self.seen.append((step / self.total, time.process_time() - self._start))


@pytest.mark.slow
@pytest.mark.parametrize("camera", [False, True])
def test_the_first_tenth_foretells_the_whole(
    diffusion_job: Callable[..., Path], camera: bool
) -> None:
    """Guided, replayed and injected steps cost more than others, and decoding counts too."""
    folder = diffusion_job(count=4, size=(192, 192), steps=20, moving_camera=camera)
    settings = Settings(**json.loads((folder / "settings.json").read_text(encoding="utf-8")))
    watch = Stopwatch()
    with open_clip(Reference(str(folder / "clip"), ClipKind.IMAGES, fps=24.0)) as clip:
        job = EngineJob(clip, load_conditions(folder / "conditions"), settings, folder / "work")
        for _ in load_engine("motionfollower").render(job, range(clip.count), watch):
            continue
    whole = watch.seen[-1][1]
    assert watch.seen[-1][0] == 1.0
    foretold = [(share, spent / share) for share, spent in watch.seen if share >= 0.1]
    off = {round(share, 2): total / whole - 1 for share, total in foretold}
    assert all(abs(error) <= 0.2 for error in off.values()), off
