"""Dataclasses from JSON objects, each field by its own rule."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.rules import Rule

_RULE = "rule"
T = TypeVar("T")


def ruled(
    rule: Rule, default: Any = dataclasses.MISSING, *, make: Any = dataclasses.MISSING
) -> Any:
    """A dataclass field with its rule; `make` makes the default of a mutable one."""
    return dataclasses.field(default=default, default_factory=make, metadata={_RULE: rule})


def rule_of(cls: type[Any], name: str) -> Rule:
    """The rule of a dataclass's field."""
    rule: Rule = next(item for item in dataclasses.fields(cls) if item.name == name).metadata[_RULE]
    return rule


def build(cls: type[T], value: Any, field: Field) -> T:
    """The dataclass that a JSON object stands for; what it does not name takes the default.

    Fields that the class does not have are ignored (a newer program wrote them). Raises FieldError
    naming the first field that is missing or breaks its rule.
    """
    if not isinstance(value, dict):
        raise field.refuse("an object", value)
    values: dict[str, Any] = {}
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]
        rule: Rule = item.metadata[_RULE]
        if item.name in value:
            values[item.name] = rule.read(value[item.name], field.part(item.name))
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise field.part(item.name).error(f"is missing; it must be {rule.words}")
    return cls(**values)


def check(cls: type[T], values: Mapping[str, Any], fields: Mapping[str, Field]) -> T:
    """The dataclass for values that come from several places, each named by its own field."""
    built: dict[str, Any] = {}
    for name, value in values.items():
        built[name] = rule_of(cls, name).read(value, fields.get(name, Field(name)))
    return cls(**built)


@dataclass(frozen=True)
class Part:
    """An object that is a dataclass of its own."""

    cls: type[Any]
    words: str = "an object"

    def read(self, value: Any, field: Field) -> Any:
        """See Rule."""
        return build(self.cls, value, field)

    def parse(self, text: str, field: Field) -> Any:
        """No option holds an object."""
        raise field.refuse(self.words, text)
