"""Paths of job.json as this host has them: a farm's hosts mount the same storage at other places.

job.json is never changed; a run works from a copy of the request with other paths in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.checks.paths import PathText, Rooted
from mf_backend.contracts.checks.small_files import UnreadableError
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import JobRequest

_LARGEST = 1 << 20
_OPENJD = "pathmapping-1.0"
_FORMATS: dict[str, type[PurePath]] = {"POSIX": PurePosixPath, "WINDOWS": PureWindowsPath}
_SETTINGS = (
    *("weights", "source_poses", "source_joints", "source_masks", "target_masks", "plate"),
    "adapter",
)
"""Settings that are absolute paths."""
_HINT = (
    'Write a list of {"source": …, "destination": …} with absolute paths, or the rules that OpenJD '
    "hands to a session."
)


@dataclass(frozen=True)
class PathRule:
    """What lies under `source` where the job was made lies under `destination` here."""

    source: PurePath
    destination: str

    def apply(self, path: str) -> str | None:
        """The path here; None where it is not under the source. Names, not letters, are compared,
        and on Windows without regard to case."""
        try:
            rest = type(self.source)(path).relative_to(self.source)
        except ValueError:
            return None
        return str(Path(self.destination, *rest.parts))


@dataclass(frozen=True)
class PathMapping:
    """Rules, of which the one with the longest source that fits is applied, once."""

    rules: tuple[PathRule, ...] = ()

    @staticmethod
    def of(rules: Sequence[PathRule]) -> PathMapping:
        """The rules in the order in which they are tried."""
        ordered = sorted(rules, key=lambda rule: len(rule.source.parts), reverse=True)
        return PathMapping(tuple(ordered))

    def path(self, path: str) -> str:
        """One path as this host has it; an empty one stays empty."""
        found = (rule.apply(path) for rule in self.rules if path)
        return next((here for here in found if here is not None), path)

    def request(self, request: JobRequest) -> JobRequest:
        """A request with every absolute path mapped: clip, weights, the user's files, the
        folder of actors, the copy."""
        if not self.rules:
            return request
        settings: dict[str, Any] = {n: self.path(getattr(request.settings, n)) for n in _SETTINGS}
        return replace(
            request,
            reference=replace(request.reference, path=self.path(request.reference.path)),
            settings=replace(request.settings, **settings),
            output=replace(request.output, mp4=self.path(request.output.mp4)),
            actors=self.path(request.actors),
        )


def read_mapping(path: Path) -> PathMapping:
    """Read a file of pairs or of OpenJD's rules (pathmapping-1.0; `{}` where a session has none).

    Raises InputError naming what is wrong.
    """
    field = Field("", str(path), "path-mapping", _HINT)
    try:
        value = read_json(path, _LARGEST)
    except UnreadableError as error:
        raise InputError(
            "path-mapping", f"The path mapping {path} cannot be read: {error}.", _HINT
        ) from None
    except ValueError as error:
        raise InputError(
            "path-mapping", f"The path mapping {path} is not valid JSON: {error}.", _HINT
        ) from None
    if isinstance(value, dict):
        return PathMapping.of(_openjd_rules(value, field))
    if not isinstance(value, list):
        raise field.refuse("a list of pairs, or an object", value)
    return PathMapping.of([_pair(item, field.part(i)) for i, item in enumerate(value)])


def _openjd_rules(value: dict[str, Any], field: Field) -> list[PathRule]:
    if not value:
        return []
    if value.get("version") != _OPENJD:
        raise field.part("version").refuse(f'"{_OPENJD}"', value.get("version"))
    field = field.part("path_mapping_rules")
    items = value.get("path_mapping_rules")
    if not isinstance(items, list):
        raise field.refuse("a list of rules", items)
    rules = []
    for number, item in enumerate(items):
        part = field.part(number)
        kind = _get(item, "source_path_format", part)
        if kind == "URI":
            # Nothing in a job folder is an address.
            continue
        if kind not in _FORMATS:
            raise part.part("source_path_format").refuse('"POSIX" or "WINDOWS"', kind)
        source = _text(item, "source_path", part)
        rules.append(PathRule(_FORMATS[kind](source), _text(item, "destination_path", part)))
    return rules


def _pair(item: Any, field: Field) -> PathRule:
    source = PathText(Rooted.ABSOLUTE).read(_get(item, "source", field), field.part("source"))
    windows = PureWindowsPath(source).is_absolute()
    kind = PureWindowsPath if windows else PurePosixPath
    return PathRule(kind(source), _text(item, "destination", field))


def _get(item: Any, name: str, field: Field) -> Any:
    if not isinstance(item, dict):
        raise field.refuse("an object", item)
    return item.get(name)


def _text(item: Any, name: str, field: Field) -> str:
    return PathText(Rooted.ABSOLUTE).read(_get(item, name, field), field.part(name))
