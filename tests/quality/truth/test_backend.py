"""Which backend is measured, and what a change of its code makes anew."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.truth.running.backend import Backend
from mf_backend.contracts.errors import InputError


def test_a_change_makes_anew_what_it_touches(odd_path: Path) -> None:
    mine = Backend.of(Path(sys.executable))
    copy = replace(mine, package=odd_path / "mf_backend")
    shutil.copytree(mine.package, copy.package, ignore=shutil.ignore_patterns("__pycache__"))
    assert (copy.code(), copy.estimating_code()) == (mine.code(), mine.estimating_code())
    with (copy.package / "engines" / "preview" / "engine.py").open("a") as file:
        file.write("# changed\n")
    assert copy.code() != mine.code() and copy.estimating_code() == mine.estimating_code()
    # Imported by what estimates, inside a function.
    with (copy.package / "body" / "outline.py").open("a") as file:
        file.write("# changed\n")
    assert copy.estimating_code() != mine.estimating_code()


def test_a_python_without_a_backend_is_refused(odd_path: Path) -> None:
    bare = odd_path / "python"
    bare.write_text("#!/bin/sh\necho nothing here >&2\nexit 1\n", encoding="utf-8")
    bare.chmod(0o755)
    with pytest.raises(InputError, match="nothing here"):
        Backend.of(bare)
