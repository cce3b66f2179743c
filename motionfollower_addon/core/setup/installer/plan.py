"""What is to be installed, and where: the one message that the installer gets. Standard library."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

GIGABYTE = 1 << 30

NEEDED_BYTES = {"processor": int(2.5 * GIGABYTE), "cuda": 9 * GIGABYTE}
"""Free disk that an installation from nothing takes. Measured for the processor (1.9 GiB on Linux,
and a gigabyte that pip unpacks on the way); CUDA builds bring about 5 GiB of libraries more."""


class Action(Enum):
    """What the installer is asked for."""

    INSTALL = "install"
    """Make, go on with, update or mend: whatever is not as it should be."""
    VERIFY = "verify"
    """Read every file and ask the backend; change nothing."""


class PythonChoice(Enum):
    """Where the Python of the environment comes from."""

    AUTO = "auto"
    """One that is found; where there is none, one that uv brings."""
    CHOSEN = "chosen"
    FOUND = "found"
    UV = "uv"


class TorchChoice(Enum):
    """Which build of PyTorch is installed."""

    AUTO = "auto"
    """The one that fits the card."""
    PROCESSOR = "processor"
    """No graphics card is used."""


class InstallRefusal(Exception):  # noqa: N818 - what a person is told, not a defect
    """The installer cannot go on: a stable code, one sentence, and the next step."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class InstallCancelled(Exception):  # noqa: N818
    """The person cancelled, or Blender went away."""


@dataclass(frozen=True)
class InstallPlan:
    """Everything that the installer has to know. Paths are absolute texts."""

    folder: str
    """Folder of the user's choice; the environment, the marker and the log go into it."""
    requirements: str
    """List of exact versions, one `name==version` a line."""
    wheel: str
    """The wheel of mf_backend that came with the add-on."""
    version: str
    """Version that the wheel's backend must answer with."""
    protocol: int
    """Number that the backend must answer with."""
    action: Action = Action.INSTALL
    python_choice: PythonChoice = PythonChoice.AUTO
    python: str = ""
    """The interpreter that the user points at, for CHOSEN."""
    torch: TorchChoice = TorchChoice.AUTO

    def to_json(self) -> str:
        """One line."""
        value = {k: v.value if isinstance(v, Enum) else v for k, v in asdict(self).items()}
        return json.dumps(value, ensure_ascii=True)

    @staticmethod
    def from_json(text: str) -> InstallPlan:
        """Read `to_json`'s line. Raises ValueError where it is none."""
        value: dict[str, Any] = json.loads(text)
        known = {field.name for field in fields(InstallPlan)}
        value = {key: item for key, item in value.items() if key in known}
        value["action"] = Action(value.get("action", Action.INSTALL.value))
        value["python_choice"] = PythonChoice(value.get("python_choice", PythonChoice.AUTO.value))
        value["torch"] = TorchChoice(value.get("torch", TorchChoice.AUTO.value))
        return InstallPlan(**value)


@dataclass(frozen=True)
class InstallPaths:
    """Where things lie in the folder of an installation."""

    folder: Path

    @property
    def environment(self) -> Path:
        """The virtual environment."""
        return self.folder / "environment"

    @property
    def python(self) -> Path:
        """The environment's interpreter, which the backend runs in."""
        return self.environment / (
            "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
        )

    @property
    def marker(self) -> Path:
        """What was done so far."""
        return self.folder / "motionfollower-backend.json"

    @property
    def log(self) -> Path:
        """Everything that pip and the others said."""
        return self.folder / "install-log.txt"

    @property
    def lock(self) -> Path:
        """Held while somebody installs here."""
        return self.folder / "install.lock"

    @property
    def uv(self) -> Path:
        """A uv of our own, where it had to be brought."""
        return self.folder / "uv"

    @property
    def pythons(self) -> Path:
        """Interpreters that uv brought."""
        return self.folder / "pythons"

    def packages(self) -> Path:
        """The environment's site-packages; it may not exist."""
        if sys.platform == "win32":
            return self.environment / "Lib" / "site-packages"
        found = sorted((self.environment / "lib").glob("python3*/site-packages"))
        return found[0] if found else self.environment / "lib" / "python3" / "site-packages"


def child_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For pip and its like: without what binds to Blender's Python or another environment.

    pip's own configuration (index, proxy, certificates) stays as the user made it.
    """
    unwanted = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "VIRTUAL_ENV")
    kept = {
        key: value
        for key, value in environment.items()
        if not key.upper().startswith("PYTHON") and key.upper() not in unwanted
    }
    return {
        **kept,
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
