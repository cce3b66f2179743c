"""What an installation needs: the list, the wheel, a log."""

from __future__ import annotations

import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools.extension import build
from mf_backend.protocol.messages import PROTOCOL
from mf_backend.version import VERSION
from motionfollower_addon.core.setup.installer.child import Children
from motionfollower_addon.core.setup.installer.plan import InstallPlan


@pytest.fixture(scope="session")
def unpacked(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built extension, unpacked as Blender does it."""
    folder = tmp_path_factory.mktemp("ext ä")
    with zipfile.ZipFile(build(repository, Path(sys.executable))) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def make_plan(unpacked: Path, odd_path: Path) -> Callable[..., InstallPlan]:
    """A plan for the extension's own list and wheel."""

    def make(**changes: Any) -> InstallPlan:
        values: dict[str, Any] = {
            "folder": str(odd_path / "bäckend"),
            "requirements": str(unpacked / "requirements" / "backend.txt"),
            "wheel": str(next((unpacked / "wheels").glob("*.whl"))),
            "version": VERSION,
            "protocol": PROTOCOL,
        }
        return InstallPlan(**{**values, **changes})

    return make


@pytest.fixture
def children(odd_path: Path) -> Children:
    """Starts programs with a log in the odd folder."""
    return Children(odd_path / "log.txt", threading.Event())
