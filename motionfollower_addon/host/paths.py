"""Paths as Blender writes them, made absolute."""

from __future__ import annotations

from pathlib import Path

import bpy


def real_path(text: str) -> Path:
    """An absolute path; Blender's "//" means beside the .blend."""
    return Path(bpy.path.abspath(text)).absolute()
