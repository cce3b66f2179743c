"""Who in the footage was chosen: plain data on the strip, or for a file in the scene."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.pointing import Click, ClicksRule

from ... import ids


def on_strip(strip: Any) -> tuple[Click, ...]:
    """Where the actor was clicked on in a strip's clip; empty where nobody was chosen."""
    return _read(strip.get(ids.STRIP_PERSON))


def keep_on_strip(strip: Any, clicks: Sequence[Click]) -> None:
    """Choose who is followed in a strip's clip; nobody's clicks take the choice away."""
    if clicks:
        strip[ids.STRIP_PERSON] = json.dumps([list(click) for click in clicks])
    elif ids.STRIP_PERSON in strip:
        del strip[ids.STRIP_PERSON]


def on_file(scene: Any, clip: str) -> tuple[Click, ...]:
    """The same for a file or folder that is no strip, by its path as the panel has it."""
    return _read(_files(scene).get(clip))


def keep_on_file(scene: Any, clip: str, clicks: Sequence[Click]) -> None:
    """The same as keep_on_strip for a file or folder."""
    files = {name: text for name, text in _files(scene).items() if name != clip}
    if clicks:
        files[clip] = json.dumps([list(click) for click in clicks])
    if files:
        scene[ids.SCENE_PERSONS] = json.dumps(files)
    elif ids.SCENE_PERSONS in scene:
        del scene[ids.SCENE_PERSONS]


def _files(scene: Any) -> dict[str, Any]:
    """What was kept for files; nothing where somebody put something else there."""
    try:
        value = json.loads(scene.get(ids.SCENE_PERSONS) or "{}")
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def _read(text: Any) -> tuple[Click, ...]:
    """Clicks as they were kept; what is none chooses nobody."""
    try:
        return ClicksRule().read(json.loads(text or "[]"), Field("clicks"))
    except (ValueError, TypeError, InputError):
        return ()
