"""Tables of things that can be added: ours by name, and those that other packages bring.

A table knows names; a thing is imported when it is asked for. What another package brings wrongly
is one sentence where it is asked for or looked through, and everything else goes on.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from mf_backend.contracts.errors import InputError, MissingComponentError

_log = logging.getLogger(__name__)
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Missing:
    """Something that a thing needs and that is not here: what, and a sentence on how to get it."""

    what: str
    how: str


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
        return self._load_brought(self._find(name))

    def facts(self, lacks: Callable[[Thing], Sequence[Missing]]) -> list[dict[str, Any]]:
        """{name, label, missing: [{what, how}]} of each, also of those that cannot be loaded.

        `lacks` asks one what it needs; it may raise MissingComponentError instead of telling.
        """
        return [self._facts(name, lacks) for name in self.names()]

    def problems(self) -> list[str]:
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

    def _find(self, name: str) -> Brought:
        return next(item for item in self._brought() if item.name == name)

    def _facts(self, name: str, lacks: Callable[[Thing], Sequence[Missing]]) -> dict[str, Any]:
        label: str = name.capitalize()
        missing: Sequence[Missing] = ()
        try:
            thing: Any = self.load(name)
            label = thing.label
            missing = lacks(thing)
        except MissingComponentError as error:
            missing = [Missing(error.message.rstrip("."), error.hint)]
        except ImportError as error:
            what = error.name or str(error)
            missing = [Missing(what, f"Install {what} into the backend's environment.")]
        except Exception as error:
            if name in self.ours:
                raise
            # A stranger's may raise anything when it is asked; the others must still be told of.
            told = self._refused(self._find(name), _why(error))
            missing = [Missing(told.message.rstrip("."), told.hint)]
        return {"name": name, "label": label, "missing": [asdict(item) for item in missing]}

    def _load_brought(self, item: Brought) -> Thing:
        try:
            thing: Thing = item.entry.load()()
        except (Exception, SystemExit) as error:
            # A stranger's module may raise anything at all when it is imported.
            raise self._refused(item, _why(error)) from error
        if not isinstance(thing, self.base):
            absent = [word for word in sorted(_members(self.base)) if not hasattr(thing, word)]
            raise self._refused(item, f"it lacks {', '.join(absent)}")
        name = getattr(thing, "name", None)
        if name != item.name:
            raise self._refused(item, f"it calls itself {name!r}")
        return thing

    def _refused(self, item: Brought, why: str) -> MissingComponentError:
        return MissingComponentError(
            f"{self._code}-broken",
            f"The {self.kind} {item.name} of the package {item.package} cannot be used: {why}.",
            f"Repair or remove that package, or choose another {self.kind}.",
        )

    def _brought(self) -> Iterator[Brought]:
        """What installed packages bring, first on the path first."""
        seen: set[str] = set()
        for package in importlib.metadata.distributions() if self.group else ():
            entries = [x for x in _entry_points(package) if x.group == self.group]
            name = str(package.metadata["Name"]) if entries else ""
            if name in seen:
                # A second copy, later on the path, is not the one that would be imported.
                continue
            if entries:
                seen.add(name)
            for entry in entries:
                yield Brought(entry.name, f"{name} {package.version}", entry)


def _entry_points(
    package: importlib.metadata.Distribution,
) -> Sequence[importlib.metadata.EntryPoint]:
    """A package's entry points; none where it lists them in a way that nobody can read."""
    try:
        return package.entry_points
    except (ValueError, TypeError, OSError) as error:
        _log.warning("The entry points of %s cannot be read: %s", package.metadata["Name"], error)
        return ()


def _why(error: BaseException) -> str:
    reason = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"it fails with {type(error).__name__}" + (f" ({reason})" if reason else "")


def _members(base: Any) -> set[str]:
    """Names of the attributes and methods that a Protocol asks for."""
    methods = {name for name in vars(base) if not name.startswith("_")}
    return methods | set(base.__annotations__)
