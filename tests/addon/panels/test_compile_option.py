"""Compile: offered where the diffusion engine is chosen, and handed on to the job."""

from __future__ import annotations

from typing import Any

import pytest

from tests.addon.paper import Paper, context


class _Fields(Paper):
    """Notes which settings are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def prop(self, values: Any, name: str, text: str | None = None, **said: Any) -> None:
        self.names.append(name)


def _drawn(scene: Any) -> list[str]:
    from motionfollower_addon.panels.sections import quality

    paper = _Fields()
    quality.draw(paper, context(scene), scene.motionfollower)
    return paper.names


@pytest.mark.usefixtures("session")
def test_compile_belongs_to_the_diffusion_engine_and_reaches_the_job(scene: Any) -> None:
    from motionfollower_addon.command_line import parser
    from motionfollower_addon.commands.shot_options import shots_of
    from motionfollower_addon.host.panel_shot import to_shot

    values = scene.motionfollower
    values.engine = "preview"
    assert "compile" not in _drawn(scene)
    values.engine = "motionfollower"
    assert "compile" in _drawn(scene)
    assert not to_shot(scene).settings.compile
    values.compile = True
    assert to_shot(scene).settings.compile

    def compiles(*arguments: str) -> bool:
        (shot,) = shots_of(parser().parse_args(["render", *arguments]))
        return shot.settings.compile

    assert compiles() and not compiles("--no-compile")
    values.compile = False
    assert not compiles() and compiles("--compile")
