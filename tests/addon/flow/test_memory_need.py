"""What the Quality section says about memory, from the real backend."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.addon.flow.paper import Paper, context


def words(context: Any) -> str:
    """The sentence, once the backend has answered."""
    from motionfollower_addon.core.backend_state import BackendState
    from motionfollower_addon.host import memory_need
    from motionfollower_addon.host.session import current

    client = current().client()
    stop = time.monotonic() + 60
    while time.monotonic() < stop:
        client.poll()
        if client.state is BackendState.READY:
            said = memory_need.words(context, bpy.context.scene.motionfollower)
            if said:
                return said
        time.sleep(0.05)
    raise TimeoutError("the backend did not say what is needed")


def needed(said: str) -> float:
    """GB of the sentence."""
    found = re.search(r"(?:Needs about|would take) ([0-9.]+) G", said)
    assert found is not None, said
    return float(found[1])


def test_needed_and_free_memory_follow_the_settings(scene: Any) -> None:
    values = bpy.context.scene.motionfollower
    values.engine = "preview"
    said = words(bpy.context)
    assert re.fullmatch(r"Needs about 0\.6 GB on cpu; [0-9.]+ GB are free\.", said), said
    # A tiny clip: the weights are nearly all of it.
    values.engine = "motionfollower"
    for name in ("6", "24"):
        values.memory = name
        said = words(bpy.context)
        assert needed(said) > 2
        assert f"the preset for {name} GB; " in said or "are there for it" in said


def test_the_queue_shows_what_the_backend_holds(registered: Any) -> None:
    from motionfollower_addon.core.backend_state import JobStatus
    from motionfollower_addon.host.render_flow import FlowStage
    from motionfollower_addon.panels import queue

    status = JobStatus("a", None, memory_bytes=3 * 2**29)  # type: ignore[arg-type]
    flow = SimpleNamespace(
        folder=None, stage=FlowStage.BACKEND, title="A", status=status, statement="", warnings=[],
        error=None, progress=lambda: (0.5, "Rendering"),
    )  # fmt: skip
    paper = Paper()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue.thumbnails, "icon_of", lambda _: 0)
        queue.draw_flow(paper, context(bpy.context.scene), flow)
    assert "1.5 GB of memory in use" in paper.lines
