"""Tables of things that can be added: ours by name, and those that other packages bring.

A table knows names; a thing is imported when it is asked for. What another package brings wrongly
is one sentence where it is asked for or looked through, and everything else goes on.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mf_backend.contracts.errors import InputError, MissingComponentError

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Brought:
    """A name that an installed package brings to a table."""

    name: str
    package: str
    """The package and its version, for sentences."""
    entry: importlib.metadata.EntryPoint


@dataclass(frozen=True)
class Table(Generic[Thing]):
    """Things of one kind by name. Each is made by calling a class that takes no arguments."""

    kind: str
    """What one of them is called, e.g. "mask estimator"."""
    base: Any
    """The Protocol that every one of them keeps to; runtime-checkable, with a `name`."""
    ours: Mapping[str, str]
    """Name: "module:Class", in the order in which they are offered."""
    group: str = ""
    """Entry points of this group come in from other packages; empty: none do."""

    def names(self) -> tuple[str, ...]:
        """All names that `load` takes, ours first. Imports none of them."""
        others = dict.fromkeys(item.name for item in self._brought())
        return (*self.ours, *(name for name in others if name not in self.ours))

    def check(self, name: str) -> None:
        """Raise InputError where nothing has this name."""
        if name not in self.names():
            raise InputError(
                f"{self._code}-unknown",
                f"There is no {self.kind} named {name!r}; use {' or '.join(self.names())}.",
            )

    def load(self, name: str) -> Thing:
        """Import and make the one of this name.

        Raises InputError for an unknown name and MissingComponentError where another package
        brings it but it cannot be used. One of ours raises ImportError where a library is absent.
        """
        if name in self.ours:
            module, _, cls = self.ours[name].partition(":")
            thing: Thing = getattr(importlib.import_module(module), cls)()
            return thing
        self.check(name)
        return self._load_brought(next(item for item in self._brought() if item.name == name))

    def clashes(self) -> list[str]:
        """A sentence for each name that a package brings in vain, because it is taken."""
        taken = dict.fromkeys(self.ours, "this backend")
        told = []
        for item in self._brought():
            if item.name in taken:
                told.append(
                    f"The {self.kind} {item.name!r} of the package {item.package} is not used, "
                    f"because {taken[item.name]} has one of that name. Remove the package, or "
                    f"ask its makers for another name."
                )
            taken.setdefault(item.name, f"the package {item.package}")
        return told

    @property
    def _code(self) -> str:
        return self.kind.replace(" ", "-")

    def _load_brought(self, item: Brought) -> Thing:
        try:
            thing: Thing = item.entry.load()()
        except (Exception, SystemExit) as error:
            reason = (str(error).strip().splitlines() or [""])[0].rstrip(".")
            why = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
            raise self._unusable(item, f"it does not load ({why})") from error
        if not isinstance(thing, self.base):
            wanted = sorted(getattr(self.base, "__annotations__", {}))
            wanted += sorted(k for k, v in vars(self.base).items() if k[0] != "_" and callable(v))
            absent = [word for word in dict.fromkeys(wanted) if not hasattr(thing, word)]
            raise self._unusable(item, f"it lacks {', '.join(absent)}")
        name = getattr(thing, "name", None)
        if name != item.name:
            raise self._unusable(item, f"it calls itself {name!r}")
        return thing

    def _unusable(self, item: Brought, why: str) -> MissingComponentError:
        return MissingComponentError(
            f"{self._code}-broken",
            f"The {self.kind} {item.name} of the package {item.package} cannot be used: {why}.",
            f"Repair or remove that package, or choose another {self.kind}.",
        )

    def _brought(self) -> Iterator[Brought]:
        """What installed packages bring, first on the path first."""
        if not self.group:
            return
        seen: set[str] = set()
        for package in importlib.metadata.distributions():
            try:
                entries = [x for x in package.entry_points if x.group == self.group]
            except (ValueError, TypeError, OSError):
                # A list that cannot be read names nothing; the packages after it still count.
                continue
            name = str(package.metadata["Name"]) if entries else ""
            if name in seen:
                # A second copy, later on the path, is not the one that would be imported.
                continue
            if entries:
                seen.add(name)
            for entry in entries:
                yield Brought(entry.name, f"{name} {package.version}", entry)
