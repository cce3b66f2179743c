"""Tune to Footage: offered with the diffusion engines, told as it goes, and handed on to jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mf_backend.contracts.errors import MFError
from tests.addon.paper import Paper, context


def drawn(scene: Any) -> Paper:
    from motionfollower_addon.panels.sections import quality

    paper = Paper()
    quality.draw(paper, context(scene), scene.motionfollower)
    return paper


def buttons(paper: Paper) -> list[str]:
    return [name for name, _ in paper.buttons]


def test_tuning_is_told_as_it_goes(scene: Any, session: Any) -> None:
    from motionfollower_addon.core.backend.state import JobPhase, JobStatus
    from motionfollower_addon.host.panel_shot import to_shot
    from motionfollower_addon.host.run.analysis import Aim, AnalysisStage, asked_of

    values = scene.motionfollower
    values.engine = "preview"
    assert "motionfollower.tune" not in buttons(drawn(scene))
    values.engine = "sample"
    assert "Tune to Footage" in drawn(scene).lines
    values.source_masks = values.source_joints = ""
    session.analyse(asked_of(to_shot(scene), scene, Aim.TUNE))
    flow = session.analysis_of(scene.name)
    flow.stage = AnalysisStage.ANALYSING
    flow.status = JobStatus("x", Path("a"), JobPhase.RUNNING, stage="tuning images", overall=0.4)
    paper = drawn(scene)
    assert "40%" in paper.lines and "Tuning to the footage" in paper.text
    assert "motionfollower.actor_cancel" in buttons(paper)
    with pytest.raises(Exception, match="being tuned to already"):
        session.analyse(asked_of(to_shot(scene), scene))
    flow.stage, flow.error = AnalysisStage.FAILED, MFError("train-few-frames", "It is too short.")
    assert "It is too short." in drawn(scene).text
    flow.stage, flow.status.decibels = AnalysisStage.DONE, (16.24, 18.93)
    assert "16.2 dB before, 18.9 now" in drawn(scene).text


def test_takes_use_it_unless_told_otherwise(scene: Any, session: Any) -> None:
    from motionfollower_addon.command_line import parser
    from motionfollower_addon.commands.shot_options import shots_of
    from motionfollower_addon.host.panel_shot import to_shot

    assert to_shot(scene).settings.tuned
    scene.motionfollower.tuned = False
    assert not to_shot(scene).settings.tuned
    (shot,) = shots_of(parser().parse_args(["render", "--tuned", "--adapter", "mine.safetensors"]))
    assert (
        shot.settings.tuned and Path(shot.settings.adapter) == Path("mine.safetensors").absolute()
    )
