"""The real Blenders that some tests drive; they live in a cache folder outside the repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from devtools import say

VERSIONS = ("5.2", "4.3")


def cache_folder() -> Path:
    """Where the tests look for blender-VERSION/blender."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "motionfollower-tests"


def fetch(root: Path) -> list[str]:
    """Get the Blenders that are not there yet, where this machine can; sentences on the others."""
    script = root.parent / "shared" / "tools" / "get_blender.sh"
    missing = []
    for version in VERSIONS:
        folder = cache_folder() / f"blender-{version}"
        if (folder / "blender").is_file():
            continue
        if not sys.platform.startswith("linux") or os.geteuid() != 0 or not script.is_file():
            missing.append(
                f"Blender {version} is not in {folder}, so its tests skip (a script that fetches "
                "it, Linux and root are needed; or put a `blender` there yourself)."
            )
            continue
        with say.step(f"Fetching Blender {version} for the tests (1.3 GB, one to three minutes)"):
            done = subprocess.run(
                ["bash", str(script), version, str(folder)], capture_output=True, text=True
            )
        if done.returncode != 0:
            told = (done.stdout + done.stderr).strip().splitlines()[-1:]
            missing.append(f"Blender {version} could not be fetched: {' '.join(told)}")
    return missing
