"""Lets scripts that Blender runs use the test scenes and the paper that panels draw on."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

ARGUMENTS = sys.argv[sys.argv.index("--") + 1 :]


def scenes() -> Any:
    """The module with the test scenes, loaded from its file."""
    return _load("scenes")


def paper() -> Any:
    """The module with the layout that notes what panels draw."""
    return _load("paper")


def mask_shapes() -> Any:
    """The module that draws in Masks."""
    return _load("actor/mask_shapes")


def _load(name: str) -> Any:
    path = Path(__file__).resolve().parents[2] / "addon" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
