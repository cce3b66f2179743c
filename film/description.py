"""Frozen dataclasses from JSON: every field by its type, what is wrong named in one sentence."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, TypeVar, Union

from mf_backend.contracts.errors import InputError

T = TypeVar("T")


def _refuse(where: str, words: str) -> InputError:
    return InputError(
        "film-description", f"{where}: {words}.", "Correct the description of what is filmed."
    )


def read(cls: type[T], value: Any, where: str) -> T:
    """The dataclass that a JSON object describes. Raises InputError naming what is wrong."""
    if not isinstance(value, dict):
        raise _refuse(where, "an object is needed here")
    kinds = typing.get_type_hints(cls)
    fields = {item.name: item for item in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in value:
        if name not in fields:
            raise _refuse(where, f"{name!r} is not known; known are {', '.join(fields)}")
    found = {name: _value(kinds[name], value[name], f"{where}.{name}") for name in value}
    for name, item in fields.items():
        missing = item.default is dataclasses.MISSING and (
            item.default_factory is dataclasses.MISSING
        )
        if missing and name not in found:
            raise _refuse(where, f"{name!r} is missing")
    return cls(**found)


def _value(kind: Any, value: Any, where: str) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _value(next(part for part in inner if part is not type(None)), value, where)
    if dataclasses.is_dataclass(kind):
        return read(typing.cast(type, kind), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise _refuse(where, "a list is needed here")
        if inner[-1] is Ellipsis:
            return tuple(_value(inner[0], v, f"{where}[{k}]") for k, v in enumerate(value))
        if len(value) != len(inner):
            raise _refuse(where, f"{len(inner)} values are needed here")
        return tuple(_value(i, v, where) for i, v in zip(inner, value, strict=True))
    if origin is dict:
        if not isinstance(value, dict):
            raise _refuse(where, "an object is needed here")
        return {key: _value(inner[1], v, f"{where}.{key}") for key, v in value.items()}
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and isinstance(value, kind):
        if kind is int and isinstance(value, bool):
            raise _refuse(where, "a whole number is needed here")
        return value
    raise _refuse(where, f"{getattr(kind, '__name__', kind)} is needed here")
