"""Every button and field says in its tooltip what it does to the picture or the take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
import pytest

_FEWEST_WORDS = 5
_FEWEST_LETTERS = 25
_HIDDEN = {"HIDDEN"}


def operators() -> list[Any]:
    """RNA of every registered operator of the add-on, asked of Blender itself."""
    return [
        getattr(bpy.ops.motionfollower, name).get_rna_type() for name in dir(bpy.ops.motionfollower)
    ]


def groups(package: Any) -> list[Any]:
    """RNA of settings and preferences."""
    kinds = (bpy.types.PropertyGroup, bpy.types.AddonPreferences)
    return [cls.bl_rna for cls in package._CLASSES if issubclass(cls, kinds)]


def own_properties(rna: Any) -> Iterator[Any]:
    """Properties that a person sees, without those that Blender adds."""
    base = {item.identifier for item in rna.base.properties} if rna.base is not None else set()
    for item in rna.properties:
        if item.identifier not in base | {"rna_type"} and not item.is_hidden:
            yield item


def trouble(name: str, label: str, text: str, words: int = _FEWEST_WORDS) -> list[str]:
    """What is wrong with a tooltip; empty where nothing is."""
    found = []
    if len(text.split()) < words or (words == _FEWEST_WORDS and len(text) < _FEWEST_LETTERS):
        found.append(f"{name}: says too little: {text!r}")
    if text.rstrip().endswith("."):
        found.append(f"{name}: Blender adds the last full stop itself: {text!r}")
    if text.strip().lower() == label.strip().lower():
        found.append(f"{name}: only repeats its label: {text!r}")
    if text[:1] != text[:1].upper():
        found.append(f"{name}: begins small: {text!r}")
    if "  " in text or "\n" in text:
        found.append(f"{name}: is broken into lines: {text!r}")
    return found


def of_properties(owner: str, rna: Any) -> list[str]:
    """Trouble of all properties of an operator or a group, and of their choices."""
    found = []
    for item in own_properties(rna):
        name = f"{owner}.{item.identifier}"
        found += trouble(name, item.name, item.description)
        if item.type == "ENUM":
            for choice in item.enum_items:
                place = f"{name}={choice.identifier}"
                found += trouble(place, choice.name, choice.description, words=3)
    return found


def test_every_operator_has_a_tooltip(registered: Any) -> None:
    seen = operators()
    assert len(seen) >= 30
    found: list[str] = []
    for rna in seen:
        found += trouble(rna.identifier, rna.name, rna.description)
        found += of_properties(rna.identifier, rna)
    assert not found, "\n".join(found)


def test_every_property_has_a_tooltip(registered: Any) -> None:
    seen = groups(registered)
    assert {rna.identifier for rna in seen} >= {"MF_PG_settings", "MF_PG_bone"}
    found: list[str] = []
    for rna in seen:
        names = [item.identifier for item in own_properties(rna)]
        assert names, rna.identifier
        found += of_properties(rna.identifier, rna)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["", "Clip", "The clip that is used here.", "what it does to it"])
def test_poor_tooltips_are_found(text: str) -> None:
    assert trouble("x", "Clip", text)
