"""What an engine will take of the memory, told before a job is handed over."""

from __future__ import annotations

import dataclasses
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import Quality, Sampler, Settings
from mf_backend.engines import load_engine

_TAKEN = ("steps", "cfg", "guidance", "moving_camera", "memory", "device", "weights")


def memory_need(params: dict[str, Any]) -> dict[str, Any]:
    """The answer to `memory/need`, also where there is too little. Raises InputError for wrong
    input."""
    for value in (params.get(name) for name in ("width", "height", "count")):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError("usage", "memory/need takes width, height and count above zero.")
    settings = _settings(params)
    engine = load_engine(settings.engine)
    return dataclasses.asdict(
        engine.memory_need(settings, (params["width"], params["height"]), params["count"])
    )


def _settings(params: dict[str, Any]) -> Settings:
    given = params.get("settings") or {}
    if not isinstance(given, dict):
        raise InputError("usage", "memory/need takes settings as an object.")
    try:
        return Settings(
            engine=str(params.get("engine")),
            quality=Quality(given.get("quality", Quality.FINAL)),
            sampler=Sampler(given.get("sampler", Sampler.DEFAULT)),
            **{name: given[name] for name in _TAKEN if name in given},
        )
    except ValueError as error:
        raise InputError("usage", f"memory/need: {error}.") from None
