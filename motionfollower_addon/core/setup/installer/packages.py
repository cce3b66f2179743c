"""The exact list, and whether an environment holds it whole. Standard library."""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.metadata
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .plan import InstallRefusal

_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)\s*(?:;\s*(.+))?")
_MARKER = re.compile(r"""sys_platform\s*(==|!=)\s*["']([a-z0-9]+)["']""")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Requirement:
    """One package at one version."""

    name: str
    version: str

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return normal(self.name)

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def normal(name: str) -> str:
    """A package's name in the one form that all spellings share (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_list(path: Path) -> list[Requirement]:
    """The packages for this platform. Raises InstallRefusal for a line that is not exact."""
    wanted = []
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        match = _LINE.fullmatch(line)
        marker = _MARKER.fullmatch(match[3].strip()) if match and match[3] else None
        if match is None or (match[3] and marker is None):
            raise InstallRefusal(
                "list-damaged",
                f"The add-on's list of packages has a line that is not exact: {line}.",
                "Install the add-on again from its zip.",
            )
        if marker is None or (marker[2] == sys.platform) == (marker[1] == "=="):
            wanted.append(Requirement(match[1], match[2]))
    return wanted


def same_version(installed: str, wanted: str) -> bool:
    """Whether a version is the wanted one; a build such as +cpu is of no account unless wanted."""
    return installed == wanted or ("+" not in wanted and installed.partition("+")[0] == wanted)


@dataclass(frozen=True)
class Fault:
    """A package that is not as it should be."""

    requirement: Requirement
    problem: str


def find_faults(
    packages: Path,
    wanted: Iterable[Requirement],
    read_files: bool = False,
    seen: Callable[[Requirement], None] | None = None,
) -> list[Fault]:
    """Which packages are missing, of another version or damaged, by their own lists of files.

    With `read_files` each file's hash is compared, else its size. `seen` is called after each.
    """
    found = {}
    if packages.is_dir():
        for there in importlib.metadata.distributions(path=[str(packages)]):
            name = there.metadata["Name"] if there.metadata else None
            if name:
                found[normal(name)] = there
    faults = []
    for requirement in wanted:
        item = found.get(requirement.key)
        if item is None:
            problem = "is missing"
        elif not same_version(item.version, requirement.version):
            problem = f"is there in version {item.version} instead of {requirement.version}"
        else:
            problem = _damage(packages, item.read_text("RECORD"), read_files)
        if problem:
            faults.append(Fault(requirement, problem))
        if seen is not None:
            seen(requirement)
    return faults


def _damage(packages: Path, record: str | None, read_files: bool) -> str:
    if not record:
        return "was not installed to its end"
    for row in csv.reader(record.splitlines()):
        if len(row) != 3 or row[0].endswith((".pyc", "RECORD")):
            continue
        path = packages / row[0]
        try:
            size = path.stat().st_size
        except OSError:
            return f"lacks {row[0]}"
        if row[2] and size != int(row[2]):
            return f"has a damaged file, {row[0]}"
        if read_files and row[1].startswith("sha256=") and _hash(path) != row[1][7:]:
            return f"has a changed file, {row[0]}"
    return ""


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def clear_broken_off(packages: Path, requirement: Requirement) -> None:
    """Take away what a broken-off pip left of a package: it could not uninstall by it.

    Its other files stay until pip writes them anew.
    """
    for path in _records(packages, requirement):
        if not (path / "RECORD").is_file():
            shutil.rmtree(path, ignore_errors=True)
    for path in packages.glob("~*"):  # what pip had set aside
        shutil.rmtree(path, ignore_errors=True)


def is_recorded(packages: Path, requirement: Requirement) -> bool:
    """Whether the environment has any version of a package."""
    return any(True for _ in _records(packages, requirement))


def _records(packages: Path, requirement: Requirement) -> Iterator[Path]:
    for path in packages.glob("*.dist-info"):
        if normal(path.name.partition("-")[0]) == requirement.key:
            yield path


def batches(items: list[Requirement], size: int) -> Iterator[list[Requirement]]:
    """The list in pieces: what a break-off costs is one piece."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
