"""Engines: a clip and its conditions in, finished frames out.

To add one: a folder with a class as `base.Engine` describes, and its line in ENGINES.
From another package: an entry point NAME = "module:Class" of the group mf_backend.engines.
"""

from __future__ import annotations

from typing import Any

from mf_backend.contracts.request import Settings
from mf_backend.contracts.tables import Table
from mf_backend.engines.base import Engine

ENGINES: Table[Engine] = Table(
    "engine",
    Engine,
    {
        "preview": "mf_backend.engines.preview.engine:PreviewEngine",
        "motionfollower": "mf_backend.engines.motionfollower.engine:MotionFollowerEngine",
        "sample": "mf_backend.engines.motionfollower.sample:SampleEngine",
    },
    group="mf_backend.engines",
)


def engine_names() -> tuple[str, ...]:
    """Names that `Settings.engine` takes."""
    return ENGINES.names()


def load_engine(name: str) -> Engine:
    """Import and make an engine.

    Raises InputError for an unknown name and MissingComponentError for another package's that is
    broken.
    """
    return ENGINES.load(name)


def engine_facts() -> list[dict[str, Any]]:
    """{name, label, missing: [{what, how}]} of every engine, also where it cannot be loaded."""
    return ENGINES.facts(lambda engine: engine.missing(Settings(engine=engine.name)))


def makes_frames_apart(engine: Engine) -> bool:
    """Whether each frame comes out the same whichever others are asked for with it, so that
    several hosts may share a clip: an engine says so by an attribute `frames_apart = True`."""
    return getattr(engine, "frames_apart", False) is True
