"""Engines: a clip and its conditions in, finished frames out.

To add one: a folder with a class as `base.Engine` describes, and its line in ENGINES.
From another package: an entry point NAME = "module:Class" of the group mf_backend.engines.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mf_backend.contracts.errors import MissingComponentError
from mf_backend.contracts.request import Settings
from mf_backend.contracts.tables import Table
from mf_backend.engines.base import Engine, Missing

ENGINES: Table[Engine] = Table(
    "engine",
    Engine,
    {
        "preview": "mf_backend.engines.preview.engine:PreviewEngine",
        "motionfollower": "mf_backend.engines.motionfollower.engine:MotionFollowerEngine",
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


def engine_facts(name: str) -> dict[str, Any]:
    """{name, label, missing: [{what, how}]} of one engine, also where it cannot be loaded."""
    label, missing = name.capitalize(), []
    try:
        engine = load_engine(name)
        label, missing = engine.label, engine.missing(Settings(engine=name))
    except MissingComponentError as error:
        missing = [Missing(error.message.rstrip("."), error.hint)]
    except ImportError as error:
        what = error.name or str(error)
        missing = [Missing(what, f"Install {what} into the backend's environment.")]
    except Exception as error:
        if name in ENGINES.ours:
            raise
        # A stranger's engine may raise anything; the others must still be told of.
        broken = ENGINES.unusable(name, error)
        missing = [Missing(broken.message.rstrip("."), broken.hint)]
    return {"name": name, "label": label, "missing": [asdict(item) for item in missing]}


def all_engine_facts() -> list[dict[str, Any]]:
    """`engine_facts` of every engine."""
    return [engine_facts(name) for name in engine_names()]
