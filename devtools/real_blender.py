"""Real Blenders with the built extension, for tests, benchmarks and the guide's pictures."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtools import blenders, say


def program(version: str) -> Path:
    """Where that Blender is. Raises say.DevError where it is not."""
    path = blenders.cache_folder() / f"blender-{version}" / "blender"
    if not path.is_file():
        raise say.DevError(f"Blender {version} is not at {path}; `dev.py test` fetches it.")
    return path


@dataclass(frozen=True)
class Blender:
    """One real Blender with user folders of its own and the backend of this environment."""

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

    def install(self, extension: Path) -> None:
        """Install and enable the extension's zip. Raises say.DevError with what Blender said."""
        command = ("--command", "extension", "install-file", "-r", "user_default", "--enable")
        done = self.run(*command, extension)
        if done.returncode != 0:
            raise say.DevError(done.stdout + done.stderr)

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start it and return at once. `options` are Popen's; `env` is added to the environment."""
        return subprocess.Popen(
            [str(self.program), *(str(item) for item in arguments)],
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=options.pop("stderr", subprocess.PIPE),
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**self.environment, **options.pop("env", {})},
            **options,
        )

    def run(
        self, *arguments: str | Path, timeout: float = 120, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; stdout and stderr as text. Raises say.DevError after `timeout` s."""
        process = self.start(*arguments, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            message = f"Blender {self.version} did not end in {timeout} s:\n{out}\n{err}"
            raise say.DevError(message) from None
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def script(
        self, path: Path, *arguments: str | Path, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a Python file in the background. Raises say.DevError where it raises."""
        done = self.run(
            "-b", "--python-exit-code", "9", "--python", path, "--", *arguments, timeout=timeout
        )
        if done.returncode != 0:
            raise say.DevError(done.stdout + done.stderr)
        return done
