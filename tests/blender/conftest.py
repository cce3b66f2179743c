"""Real Blenders with the built extension installed, each in user folders of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devtools.blenders import VERSIONS, cache_folder
from devtools.extension import build
from tests.backend.tiny_job import write_clip
from tests.blender.screen import start_screen

SCRIPTS = Path(__file__).parent / "scripts"
SIZE = (96, 128)


@dataclass(frozen=True)
class Blender:
    """One real Blender with the extension installed and the backend of this environment."""

    version: str
    program: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the user's own settings, and the backend's Python."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BLENDER"))}
        return {
            **kept,
            "HOME": str(self.home),
            "BLENDER_USER_RESOURCES": str(self.home / "user"),
            "MOTIONFOLLOWER_BACKEND_PYTHON": sys.executable,
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start it and return at once."""
        return subprocess.Popen(
            [str(self.program), *(str(item) for item in arguments)],
            stdout=subprocess.PIPE,
            stderr=options.pop("stderr", subprocess.PIPE),
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**self.environment, **options.pop("env", {})},
            **options,
        )

    def run(self, *arguments: str | Path, timeout: float = 120, **options: Any) -> Any:
        """Run it to its end; stdout and stderr as text."""
        process = self.start(*arguments, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"Blender {self.version} did not end in {timeout} s:\n{out}\n{err}")
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def script(self, name: str, *arguments: str | Path, timeout: float = 120) -> Any:
        """Run one of our scripts in the background; fails the test where it raises."""
        done = self.run(
            "-b", "--python-exit-code", "9", "--python", SCRIPTS / name, "--", *arguments,
            timeout=timeout,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@pytest.fixture(scope="session")
def extension(repository: Path) -> Path:
    """The built extension."""
    return build(repository, Path(sys.executable))


@pytest.fixture(scope="session", params=VERSIONS)
def blender(
    request: pytest.FixtureRequest, extension: Path, tmp_path_factory: pytest.TempPathFactory
) -> Blender:
    """Each Blender that can be had, with the extension installed from its zip."""
    program = cache_folder() / f"blender-{request.param}" / "blender"
    if not program.is_file():
        pytest.skip(f"Blender {request.param} is not at {program}")
    home = tmp_path_factory.mktemp(f"hömë {request.param}")
    found = Blender(request.param, program, home)
    done = found.run(
        "--command", "extension", "install-file", "-r", "user_default", "--enable", extension
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return found


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen of its own."""
    missing = [name for name in ("Xvfb", "import") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)} (apt-get install xvfb imagemagick)")
    server, name = start_screen()
    yield name
    server.terminate()
    server.wait()


@pytest.fixture
def shot(blender: Blender, odd_path: Path) -> Path:
    """A saved file of one small shot, made by that very Blender."""
    write_clip(odd_path / "footage", 6, SIZE)
    blender.script("shots/make_scene.py", odd_path, "6")
    return odd_path / "shöt 1.blend"
