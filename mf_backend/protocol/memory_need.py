"""What an engine will take of the memory, told before a job is handed over."""

from __future__ import annotations

import dataclasses
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.engines import load_engine
from mf_backend.protocol.parameters import MemoryQuestion, ParameterError

_FIELDS = {"engine-unknown": "engine", "memory-unknown": "memory", "device-unknown": "device"}
"""Codes of errors that are about one parameter, which only the engine can judge."""


def memory_need(asked: MemoryQuestion) -> dict[str, Any]:
    """The answer to `memory/need`, also where there is too little.

    Raises ParameterError for a name that is not known and MissingComponentError for a device that
    is not here.
    """
    settings = dataclasses.replace(asked.settings, engine=asked.engine)
    try:
        engine = load_engine(settings.engine)
        need = engine.memory_need(settings, (asked.width, asked.height), asked.count)
    except InputError as error:
        field = _FIELDS.get(error.code, "settings")
        raise ParameterError(field, error.code, error.message, error.hint) from error
    return dataclasses.asdict(need)
