"""Which Blender films: one, so that the same shot is the same film everywhere."""

from __future__ import annotations

import bpy

from mf_backend.contracts.errors import InputError

FILMED_IN = "4.5"
"""The version of the Python module that requirements/development.txt installs."""


def require_blender() -> None:
    """Raise InputError where this is another Blender than the one that films."""
    here = ".".join(map(str, bpy.app.version[:2]))
    if here != FILMED_IN:
        raise InputError(
            "film-blender",
            f"Shots are filmed in Blender {FILMED_IN}, whose pictures, compositor and light "
            f"they are; this is Blender {here}.",
            "Film with .venv's own Python module: take other Blenders off PYTHONPATH.",
        )
