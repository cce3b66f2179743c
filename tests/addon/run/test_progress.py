"""One bar for the whole run, in frames, which never gets shorter; finished rows fold away."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import bpy
import pytest

from motionfollower_addon.core.backend.state import JobPhase, JobStatus
from motionfollower_addon.host.panel_shot import to_shot
from tests.addon.panels.test_sections import drawn


def watched(flow: Any, until: str = "") -> list[float]:
    """What the bar showed until the run ended, or reached a stage."""
    shown: list[float] = []
    while not flow.step().ended and flow.stage.name != until:
        shown.append(flow.progress()[0])
        time.sleep(0.005)
    return shown


@pytest.mark.once("shares of stages as numbers")
def test_the_bar_of_a_run_never_gets_shorter(scene: Any, session: Any) -> None:
    flow = session.make_flow(to_shot(scene))
    shown = watched(flow)
    assert flow.stage.name == "DONE", flow.error
    assert shown == sorted(shown)
    assert 0.0 <= shown[0] < 0.05 < shown[-1] < 1.0
    assert flow.progress()[0] == 1.0


@pytest.mark.once("shares of stages as numbers")
def test_a_resumed_run_begins_where_it_was_stopped(scene: Any, session: Any) -> None:
    flow = session.make_flow(to_shot(scene))
    session.add(flow)
    while flow.progress()[0] < 0.3:
        assert not flow.step().ended, flow.error
        time.sleep(0.005)
    flow.cancel()
    while not flow.step().ended:
        time.sleep(0.005)
    stopped = flow.progress()[0]
    again = session.make_flow(folder=flow.folder)
    shown = [again.progress()[0], *watched(again)]
    assert shown[0] > 0.25 and abs(shown[0] - stopped) < 0.25
    assert shown == sorted(shown)
    assert again.stage.name == "DONE", again.error


def test_progress_is_told_in_frames() -> None:
    status = JobStatus("id", Path("folder"), phase=JobPhase.RUNNING, stage="masks")
    status.step, status.total, status.count = 48, 96, 24
    assert status.sentence() == "Cutting out the actor, frame 12 of 24"
    status.stage, status.step, status.total = "render", 96, 96
    assert status.sentence() == "Rendering, frame 24 of 24"


def test_finished_rows_fold_away_once_another_run_is_above(scene: Any, session: Any) -> None:
    for _ in range(2):
        flow = session.make_flow(to_shot(scene))
        session.add(flow)
        flow.run()
    first, second = session.flows
    text = drawn(scene, "render").text
    assert text.count("In the Sequencer as") == 1
    assert f"In the Sequencer as {second.strip}" in text
    assert first.title in text

    # What is not as it should be is told whole.
    strips = scene.sequence_editor
    (strips.strips if hasattr(strips, "strips") else strips.sequences).remove(
        next(item for item in strips.strips_all if item.name == first.strip)
        if hasattr(strips, "strips_all")
        else next(item for item in strips.sequences_all if item.name == first.strip)
    )
    first.look_for_take()
    assert "no longer in the Sequencer" in drawn(scene, "render").text
    assert bpy.context.scene == scene
