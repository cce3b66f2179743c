"""One small shot, measured once for all tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.quality.truth.tiny_shot import write_tiny_shot

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Bench:
    """A cache with one shot, and a folder for results."""

    cache: Path
    out: Path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """The benchmark's command line, as a person runs it."""
        return subprocess.run(
            [sys.executable, "-m", "benchmarks.truth", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=os.environ | {"MF_TRUTH_CACHE": str(self.cache), "OMP_NUM_THREADS": "1"},
            timeout=300,
            check=False,
        )

    def told(self) -> dict[str, Any]:
        """The figures."""
        value: dict[str, Any] = json.loads((self.out / "truth.json").read_text(encoding="utf-8"))
        return value


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The small shot, edited by the preview engine from its true joints and masks."""
    folder = tmp_path_factory.mktemp("trüth und more")
    bench = Bench(folder / "cache", folder / "out")
    write_tiny_shot(bench.cache)
    done = bench.run(
        "run", "--conditions", "true", "--alignment", "matched", "--out", bench.out
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "preview-matched-true" in done.stdout
    return bench
