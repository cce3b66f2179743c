"""One Blender films; in another, a film is refused in a sentence before anything is made."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from benchmarks.truth.filming import descriptions
from devtools import bpy_wheels
from mf_backend.contracts.errors import InputError

if importlib.util.find_spec("anny") is None:
    pytest.skip("needs anny's bodies (python3 dev.py setup)", allow_module_level=True)


def test_the_blender_that_films_is_the_environments(repository: Path) -> None:
    from film.blender import FILMED_IN

    assert bpy_wheels.main_version(repository) == FILMED_IN


def test_another_blender_films_nothing(blender: Any, tmp_path: Path) -> None:
    from benchmarks.truth.filming.into_cache import film
    from film.blender import FILMED_IN, require_blender

    here = "{}.{}".format(*blender.app.version)
    if here == FILMED_IN:
        require_blender()  # the shots' own tests film
        return
    with pytest.raises(InputError, match=f"filmed in Blender {FILMED_IN}.*this is Blender {here}"):
        film(descriptions.still("hall-bag-hat"), tmp_path)
    assert not list(tmp_path.iterdir())
