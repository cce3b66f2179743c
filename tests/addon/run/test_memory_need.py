"""What the Quality section says about memory, from the real backend."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.addon.paper import Paper, context


def words(context: Any) -> str:
    """The sentence, once the backend has answered."""
    from motionfollower_addon.core.backend.state import BackendState
    from motionfollower_addon.host.run import memory_need
    from motionfollower_addon.host.run.session import current

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
    found = re.search(r"needs about ([0-9.]+) GB", said, re.IGNORECASE)
    assert found is not None, said
    return float(found[1])


def test_needed_and_free_memory_follow_the_settings(scene: Any) -> None:
    from motionfollower_addon.host.run import memory_need

    values = bpy.context.scene.motionfollower
    values.engine = "preview"
    said = words(bpy.context)
    assert re.fullmatch(
        r"Needs about 0\.6 GB of this computer's memory; [0-9.]+ GB are free\.", said
    ), said
    # A tiny clip: the weights are nearly all of it.
    values.engine = "motionfollower"
    for name in ("6", "24"):
        values.memory = name
        said = words(bpy.context)
        assert needed(said) > 2
        assert f"the preset for {name} GB; " in said
        assert memory_need.look(bpy.context, values).short is said.startswith("Too little memory")


def test_too_little_memory_is_marked(scene: Any) -> None:
    from tests.addon.panels.test_sections import drawn

    settings = bpy.context.scene.motionfollower
    settings.source = "FILE"
    render = bpy.context.scene.render
    render.resolution_x = render.resolution_y = 65536
    said = words(bpy.context)
    assert said.startswith("Too little memory: it needs about ")
    assert said.endswith("Close other programs, or use footage with fewer pixels.")
    assert "too little memory" in drawn(bpy.context.scene).lines


def test_the_queue_shows_what_the_backend_holds(registered: Any) -> None:
    from motionfollower_addon.core.backend.state import JobStatus
    from motionfollower_addon.host.run.stages import FlowStage
    from motionfollower_addon.panels import queue

    status = JobStatus("a", None, memory_bytes=3 * 2**29)  # type: ignore[arg-type]
    flow = SimpleNamespace(
        folder=None, stage=FlowStage.BACKEND, title="A", status=status, statement="", warnings=[],
        error=None, scene_gone=False, progress=lambda: (0.5, "Rendering"),
    )  # fmt: skip
    paper = Paper()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue.thumbnails, "icon_of", lambda _: 0)
        queue.draw_flow(paper, context(bpy.context.scene), flow)
    assert "1.5 GB of memory in use" in paper.lines
