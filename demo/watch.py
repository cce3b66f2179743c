"""Tells how far a job is while Blender waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mf_backend.contracts.errors import MFError
from mf_backend.jobs.disk.state import read_state

_SECONDS = 3.0


@contextmanager
def told(jobs: Path) -> Iterator[None]:
    """Print the newest job's stage every few seconds while the block runs."""
    ended = threading.Event()
    teller = threading.Thread(target=_tell, args=(jobs, ended), daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _tell(jobs: Path, ended: threading.Event) -> None:
    said = ""
    while not ended.wait(_SECONDS):
        states = sorted(jobs.glob("*/state.json"), key=lambda path: path.stat().st_mtime)
        if not states:
            continue
        try:
            state = read_state(states[-1])
        except MFError:  # replaced this very moment; the next look will do
            continue
        line = f"    {state.stage} {state.step}/{state.total}" if state.stage else ""
        if line and line != said:
            print(line, flush=True)
            said = line
