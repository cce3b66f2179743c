"""The floors as pyproject.toml orders them, with what each room holds and really imports."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grimp

BACKEND, ADDON = "mf_backend", "motionfollower_addon"


@dataclass(frozen=True)
class Room:
    """A folder, or a single file beside the folders."""

    name: str
    holds: str
    """The first sentence of its docstring."""
    imports: tuple[str, ...]
    """Other rooms of its own package, as a reader of the picture finds them."""
    shared: tuple[str, ...]
    """Files of a backend's room that the add-on imports."""
    inner: tuple[tuple[Room, ...], ...] = ()
    """Floors inside it, from the highest."""


Floors = tuple[tuple[Room, ...], ...]


def read_floors(root: Path) -> tuple[Floors, Floors]:
    """Floors of the add-on and of the backend, each from the highest.

    Imports under `if TYPE_CHECKING` and inside functions count like any other.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    with _first_on_path(root):
        graph = grimp.build_graph(BACKEND, ADDON, cache_dir=None)
    return tuple(_Reader(root, graph, contracts).floors(name) for name in (ADDON, BACKEND))  # type: ignore[return-value]


@contextmanager
def _first_on_path(root: Path) -> Iterator[None]:
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))


class _Reader:
    """One reading of the tree."""

    def __init__(
        self, root: Path, graph: grimp.ImportGraph, contracts: list[dict[str, Any]]
    ) -> None:
        self.root = root
        self.graph = graph
        self.layers: dict[str, list[list[str]]] = {}
        for contract in contracts:
            if contract["type"] == "layers":
                rows = [_names(layer) for layer in contract["layers"]]
                self.layers |= dict.fromkeys(contract["containers"], rows)
        self.rooms = {
            f"{container}.{name}"
            for container, rows in self.layers.items()
            for row in rows
            for name in row
        }

    def floors(self, container: str) -> Floors:
        """The floors inside a package, as its layers contract has them."""
        rows = self.layers.get(container, [])
        return tuple(tuple(self._room(f"{container}.{name}") for name in row) for row in rows)

    def _room(self, module: str) -> Room:
        package = module.split(".")[0]
        inside = {module, *self.graph.find_descendants(module)}
        found = set()
        for name in inside:
            found |= self.graph.find_modules_directly_imported_by(name)
        other = {self._nearest(name) for name in found - inside if name.startswith(f"{package}.")}
        named = [self._as_seen_from(module, name) for name in other if name not in inside]
        if any(name.split(".")[0] != package for name in found):
            named.append(BACKEND)
        shared = set()
        for name in inside if package == BACKEND else ():
            for importer in self.graph.find_modules_that_directly_import(name):
                if importer.startswith(f"{ADDON}."):
                    shared.add(name.rsplit(".", 1)[-1])
        return Room(
            name=module.rsplit(".", 1)[-1],
            holds=self._sentence(module),
            imports=tuple(sorted(set(named))),
            shared=tuple(sorted(shared)),
            inner=self.floors(module),
        )

    def _nearest(self, module: str) -> str:
        """The innermost room that a module lies in."""
        while module not in self.rooms:
            module = module.rpartition(".")[0]
        return module

    def _as_seen_from(self, module: str, other: str) -> str:
        """A room's name beside its siblings; from elsewhere with the folder it lies in."""
        container = module.rpartition(".")[0]
        if other.rpartition(".")[0] == container:
            return other.rpartition(".")[2]
        outer = other if container.count(".") else ".".join(other.split(".")[:2])
        return "/".join(outer.split(".")[1:])

    def _sentence(self, module: str) -> str:
        path = self.root.joinpath(*module.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        return text.partition("\n")[0].strip().replace("`", "")


def _names(layer: str) -> list[str]:
    """Modules of one layer of a contract: "a | b" or "a : b", either with (optional) ones."""
    return [name.strip(" ()") for name in layer.replace(":", "|").split("|")]
