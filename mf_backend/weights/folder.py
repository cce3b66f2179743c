"""Where weights are kept when nobody chose a folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

WEIGHTS_VARIABLE = "MOTIONFOLLOWER_WEIGHTS"
ESTIMATORS_VARIABLE = "MOTIONFOLLOWER_ESTIMATORS"


def data_folder() -> Path:
    """The platform's folder for an application's data, with our name in it; it may not exist."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "motionfollower"


def weights_folder(chosen: str = "") -> Path:
    """The folder of the imported set: the chosen one, the environment's, or the default."""
    return Path(chosen or os.environ.get(WEIGHTS_VARIABLE) or data_folder() / "weights")


def sample_folder() -> Path:
    """The set that comes with this package, learnt on filmed people alone (docs/training.md)."""
    return Path(__file__).with_name("sample")


def estimators_folder() -> Path:
    """The folder of the optional pose and mask estimators' files."""
    return Path(os.environ.get(ESTIMATORS_VARIABLE) or data_folder() / "estimators")
