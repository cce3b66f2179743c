"""Lets scripts that Blender runs use the test scenes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

ARGUMENTS = sys.argv[sys.argv.index("--") + 1 :]


def scenes() -> Any:
    """The module with the test scenes, loaded from its file."""
    path = Path(__file__).resolve().parents[2] / "addon" / "flow" / "scenes.py"
    spec = importlib.util.spec_from_file_location("scenes", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
