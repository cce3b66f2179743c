"""actor.json: whose clip, who in it, and what was found on which frames."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.fields import shown
from mf_backend.contracts.checks.json_text import parse_json
from mf_backend.contracts.checks.small_files import UnreadableError, read_small
from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_value, write_json

SCHEMA = 1
_NAME = re.compile(r"[a-z_]{1,40}/[a-z0-9_-]{1,60}\.(png|json)")
_LARGEST = 256 << 20
"""Bytes: a mark takes some 90, and a long clip has two pictures for each frame."""


class DamagedActorError(ValueError):
    """An actor.json that is not what was written."""


@dataclass(frozen=True)
class Part:
    """Frames in a row that were analysed together."""

    first: int
    last: int
    """Both included, counted from 0 over the whole clip."""
    settings: Mapping[str, Any]
    """What the results depend on besides the clip and the person: estimators, widening, version."""
    anchor: tuple[float, ...]
    """Who was followed: frame of the clip, x0, y0, x1, y1 in pixels."""
    files: Mapping[str, FileMark]
    """Pictures and figures by path inside the actor's folder."""

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.last + 1 - self.first

    def covers(self, first: int, last: int) -> bool:
        """Whether all frames `first` to `last` are in it."""
        return self.first <= first and last <= self.last

    def meets(self, first: int, last: int) -> bool:
        """Whether it has one of the frames `first` to `last`, or is next to them."""
        return self.first <= last + 1 and first - 1 <= self.last


@dataclass(frozen=True)
class ActorAbout:
    """What actor.json says."""

    id: str
    """See folder.actor_id."""
    clip: Mapping[str, Any]
    """Name, sha256, width, height, number of frames and rate of the clip."""
    person: tuple[float, ...]
    """Who is pointed at, see pointing.in_clip; empty: the largest."""
    parts: tuple[Part, ...] = ()
    """What was analysed, in order, without a frame in common."""
    joints: FileMark | None = None
    """joints.npz, which holds the frames of all parts in order."""

    def covering(self, first: int, last: int, settings: Mapping[str, Any]) -> Part | None:
        """The part that holds these frames, made with these settings; None where none does."""
        for part in self.parts:
            if part.covers(first, last) and dict(part.settings) == dict(settings):
                return part
        return None

    def with_part(self, part: Part, joints: FileMark) -> ActorAbout:
        """The same with a part, in place of those whose frames it has."""
        others = [p for p in self.parts if p.last < part.first or part.last < p.first]
        parts = tuple(sorted([*others, part], key=lambda p: p.first))
        return replace(self, parts=parts, joints=joints)


def write_about(path: Path, about: ActorAbout) -> None:
    """Replace actor.json. Raises OutputError where the disk refuses."""
    value = _plain(about)
    write_json(path, {**value, "sha256": hash_value(value)})


def read_about(path: Path) -> ActorAbout | None:
    """What actor.json says; None where there is none.

    Raises DamagedActorError where it is damaged, and InputError where another version wrote it.
    """
    try:
        value = parse_json(read_small(path, _LARGEST))
    except UnreadableError as error:
        if error.missing:
            return None
        raise DamagedActorError(str(error)) from None
    except ValueError as error:
        raise DamagedActorError(str(error)) from None
    schema = value.get("schema") if isinstance(value, dict) else None
    if isinstance(schema, int) and schema != SCHEMA:
        raise InputError(
            "actor-schema",
            f"The actor in {path.parent} was written with schema {shown(schema)}; this backend "
            f"reads {SCHEMA}.",
            "Update the add-on and the backend to the same version, or choose another folder.",
        )
    try:
        found = value.pop("sha256")
        if found != hash_value(value):
            raise ValueError("its hash is another")
        return ActorAbout(
            id=str(value["id"]),
            clip=dict(value["clip"]),
            person=tuple(float(x) for x in value["person"]),
            parts=tuple(_part(item) for item in value["parts"]),
            joints=None if value["joints"] is None else FileMark.read(value["joints"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedActorError(str(error)) from error


def _plain(about: ActorAbout) -> dict[str, Any]:
    value = {
        "schema": SCHEMA,
        "id": about.id,
        "clip": dict(about.clip),
        "person": list(about.person),
        "parts": [
            {
                "first": part.first,
                "last": part.last,
                "settings": dict(part.settings),
                "anchor": list(part.anchor),
                "files": {name: mark.plain() for name, mark in part.files.items()},
            }
            for part in about.parts
        ],
        "joints": about.joints.plain() if about.joints else None,
    }
    plain: dict[str, Any] = json.loads(json.dumps(value))
    return plain


def _part(value: Any) -> Part:
    return Part(
        first=int(value["first"]),
        last=int(value["last"]),
        settings=dict(value["settings"]),
        anchor=tuple(float(x) for x in value["anchor"]),
        files={_inside(name): FileMark.read(mark) for name, mark in value["files"].items()},
    )


def _inside(name: Any) -> str:
    """A file's name, which leads nowhere but into a folder of the actor's own."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise ValueError(f"no file of an actor: {name!r}")
    return name
