"""Real Blenders with the built extension installed, each in user folders of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools import blender_window, real_blender, say
from devtools.blenders import VERSIONS
from devtools.extension import build
from devtools.real_blender import Blender
from tests.backend.tiny_job import write_clip

SCRIPTS = Path(__file__).parent / "scripts"
SIZE = (96, 128)


@pytest.fixture(scope="session")
def extension(repository: Path) -> Path:
    """The built extension."""
    return build(repository, Path(sys.executable))


@pytest.fixture(scope="session", params=VERSIONS)
def blender(
    request: pytest.FixtureRequest, extension: Path, tmp_path_factory: pytest.TempPathFactory
) -> Blender:
    """Each Blender that can be had, with the extension installed from its zip."""
    try:
        program = real_blender.program(request.param)
    except say.DevError as error:
        pytest.skip(str(error))
    home = tmp_path_factory.mktemp(f"hömë {request.param}")
    found = Blender(request.param, program, home)
    found.install(extension)
    return found


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen of its own."""
    missing = blender_window.missing_tools()
    if missing:
        pytest.skip(f"needs {' and '.join(missing)} (apt-get install xvfb imagemagick)")
    with blender_window.screen() as name:
        yield name


@pytest.fixture
def shot(blender: Blender, odd_path: Path) -> Path:
    """A saved file of one small shot, made by that very Blender."""
    write_clip(odd_path / "footage", 6, SIZE)
    blender.script(SCRIPTS / "shots/make_scene.py", odd_path, "6")
    return odd_path / "shöt 1.blend"
