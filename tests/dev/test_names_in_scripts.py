"""What real Blenders' scripts import of the installed add-on is there; only windows run them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

INSTALLED = "bl_ext.user_default.motionfollower"
FOLDERS = ("tests/blender/scripts", "benchmarks/addon/inside")


def names_of(path: Path) -> set[str]:
    """What a module defines or imports at its top."""
    found: set[str] = set()
    for item in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(item, ast.FunctionDef | ast.ClassDef):
            found.add(item.name)
        elif isinstance(item, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in item.names}
        elif isinstance(item, ast.Assign):
            found |= {node.id for node in ast.walk(item) if isinstance(node, ast.Name)}
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            found.add(item.target.id)
    return found


def missing(script: str, package: Path) -> list[str]:
    """Names that a script imports from the installed add-on and that are not in `package`."""
    found = []
    for item in ast.walk(ast.parse(script)):
        if not isinstance(item, ast.ImportFrom) or not (item.module or "").startswith(INSTALLED):
            continue
        place = package.joinpath(*item.module.removeprefix(INSTALLED).split(".")[1:])
        module = place.with_suffix(".py") if not place.is_dir() else place / "__init__.py"
        have = names_of(module) if module.is_file() else set()
        for alias in item.names:
            beside = place / alias.name
            there = beside.is_dir() or beside.with_suffix(".py").is_file()
            if alias.name not in have and not there:
                found.append(f"{item.module}.{alias.name}")
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_scripts_import_is_there(repository: Path, folder: str) -> None:
    scripts = sorted((repository / folder).rglob("*.py"))
    assert scripts
    said = {
        str(path.relative_to(repository)): absent
        for path in scripts
        if (
            absent := missing(path.read_text(encoding="utf-8"), repository / "motionfollower_addon")
        )
    }
    assert not said


def test_a_name_that_moved_is_found(repository: Path) -> None:
    script = f"from {INSTALLED}.host import install, paths\nfrom {INSTALLED}.ids import NOWHERE"
    assert missing(script, repository / "motionfollower_addon") == [
        f"{INSTALLED}.host.install",
        f"{INSTALLED}.ids.NOWHERE",
    ]
