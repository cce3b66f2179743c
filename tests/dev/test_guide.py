"""The guide names only pictures, sections, buttons, options and rigs that exist."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

LARGEST, ALL = 150_000, 1_200_000
_MAKERS = ("Section", "path_setting")
"""What the add-on makes things with whose labels are no keywords."""


@pytest.fixture(scope="module")
def guide(repository: Path) -> str:
    return (repository / "docs" / "guide.md").read_text(encoding="utf-8")


def words_on_screen(path: Path) -> Iterator[str]:
    """Labels in a module: `name=`, `text=`, `bl_label`, choices, members of tuples and tables."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found: list[ast.expr | None] = []
        if isinstance(node, ast.keyword):
            found = [node.value] if node.arg in ("name", "text") else []
        elif isinstance(node, ast.Assign):
            found = [node.value] if getattr(node.targets[0], "id", "") == "bl_label" else []
        elif isinstance(node, ast.Tuple):
            found = list(node.elts)
        elif isinstance(node, ast.IfExp):
            found = [node.body, node.orelse]
        elif isinstance(node, ast.Dict):
            found = list(node.values)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in _MAKERS:
            found = list(node.args)
        for item in found:
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value


@pytest.fixture(scope="module")
def labels(repository: Path) -> set[str]:
    addon = repository / "motionfollower_addon"
    return {word for path in addon.rglob("*.py") for word in words_on_screen(path)}


def test_every_picture_is_there_small_and_used(guide: str, repository: Path) -> None:
    folder = repository / "docs"
    used = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", guide)
    assert used
    sizes = [(folder / name).stat().st_size for name in used]
    assert max(sizes) < LARGEST and sum(sizes) < ALL
    assert sorted(used) == sorted(f"pictures/{p.name}" for p in (folder / "pictures").iterdir())
    assert "(docs/guide.md)" in (repository / "README.md").read_text(encoding="utf-8")


def test_every_name_in_bold_is_on_the_screen(guide: str, labels: set[str]) -> None:
    names = set(re.findall(r"\*\*([^*]+)\*\*", " ".join(guide.split())))
    assert len(names) > 20
    assert not names - labels


def test_sections_stand_in_the_order_of_the_panel(guide: str, labels: set[str]) -> None:
    panel = ["Footage", "Actor", "Motion", "Bones", "Fit to Actor", "Quality", "Takes"]
    assert set(panel) | {"Render"} <= labels
    headings = re.findall(r"^## (.+)$", guide, re.MULTILINE)
    assert [name for name in headings if name in panel] == panel
    linked = re.findall(r"^- \[(.+)\]\(#(.+)\)$", guide, re.MULTILINE)
    assert [name for name, _ in linked] == headings
    for name, anchor in linked:
        assert anchor == re.sub(r"[^a-z ]", "", name.lower()).replace(" ", "-")


def test_the_rigs_are_those_of_the_bone_maps(guide: str, repository: Path) -> None:
    maps = (repository / "motionfollower_addon" / "core" / "rig" / "bone_maps").glob("*.json")
    values = [json.loads(path.read_text(encoding="utf-8")) for path in maps]
    wanted = {v["label"]: "verified" if v["verified"] else "unverified" for v in values}
    rows = re.findall(r"^\| (.+) \| (verified|unverified) \|$", guide, re.MULTILINE)
    assert dict(rows) == wanted and len(rows) == len(wanted)
