"""docs/architecture.md and its picture say what is: they are compared with the tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.draw_floors import PICTURE, draw
from mf_backend.jobs.disk.folder import FrameRange, JobFolder, PartFolder

FIXTURE = "tests/fixtures/before_rooms/motionfollower/clip Wave-001"


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    """The page's text."""
    return (repository / "docs" / "architecture.md").read_text(encoding="utf-8")


def untrue(text: str, root: Path) -> Iterator[str]:
    """Paths that are not there, and names that no file of their paragraph or row knows.

    NAME in a path stands for whatever is added; its folder has to be there.
    """
    for block in re.split(r"\n(?=\||\d+\. )|\n\n", text):
        words = re.findall(r"`([^`\n]+)`", block)
        paths = [
            word for word in words if re.fullmatch(r"(mf_|motionfollower_|tests|docs)\S+", word)
        ]
        paths = [path for path in paths if "/" in path]
        for path in paths:
            stem = path.split("NAME")[0]
            here = root / stem
            if not (here.is_dir() if stem.endswith("/") else here.is_file()):
                yield path
        files = [root / path for path in paths if (root / path).is_file()]
        names = [word for word in words if re.fullmatch(r"[A-Za-z]\w+(\(\))?", word)]
        for name in names if files else []:
            wanted = re.compile(rf"\b{name.removesuffix('()')}\b")
            if not any(wanted.search(file.read_text(encoding="utf-8")) for file in files):
                yield name


def test_every_name_in_the_page_is_there(page: str, repository: Path) -> None:
    assert list(untrue(page, repository)) == []
    links = re.findall(r"\]\(([\w./-]+)\)", page)
    assert links and all((repository / "docs" / link).is_file() for link in links)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It is in `mf_backend/jobs/nowhere.py`.", "mf_backend/jobs/nowhere.py"),
        ("| `mf_backend/engines/base.py` `Enginery` |", "Enginery"),
        ("| `mf_backend/loft/NAME.py` |", "mf_backend/loft/NAME.py"),
    ],
)
def test_a_wrong_name_would_be_found(text: str, wrong: str, repository: Path) -> None:
    assert list(untrue(text, repository)) == [wrong]


def test_the_job_folder_looks_as_the_page_says(page: str, repository: Path) -> None:
    block = page.split("```")[1]
    named = re.findall(r"^[\w./]+|(?<=  )[\w.]+\.txt|outputs/[\w.]+", block, re.MULTILINE)
    assert len(named) >= 9
    # An engine without caches leaves its folder empty, and git keeps no empty folders; jobs of the
    # fixture's time had no records, and a lock is there only while somebody works.
    job = JobFolder(repository / FIXTURE)
    parts = PartFolder(job.path, FrameRange(1, 1)).folder.parent
    newer = {
        job.relative(path) for path in (job.engine_work, job.record, job.kept, job.lock, parts)
    }
    assert newer <= set(named)
    there = [name for name in named if name not in newer]
    assert [name for name in there if not (job.path / name).exists()] == []


def test_the_picture_is_drawn_from_this_tree(repository: Path) -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(repository), (
        "rooms or imports have changed: run `python -m docs.draw_floors` and look at the picture"
    )
