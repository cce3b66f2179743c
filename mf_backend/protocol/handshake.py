"""What the server says about itself and this machine, and about a clip."""

from __future__ import annotations

import importlib
import platform
from pathlib import Path
from typing import Any

from mf_backend.contracts.machine import resources
from mf_backend.contracts.machine.devices import list_devices
from mf_backend.engines import engine_facts
from mf_backend.protocol.messages import PROTOCOL
from mf_backend.protocol.parameters import ClipProbe, FramePreview
from mf_backend.version import VERSION


def initialize() -> dict[str, Any]:
    """The answer to `initialize`."""
    return {
        "protocol": PROTOCOL,
        "backend": VERSION,
        "python": platform.python_version(),
        "versions": resources.library_versions(),
        "devices": list_devices(),
        "memory": resources.memory(),
        "engines": engine_facts(),
    }


def probe(asked: ClipProbe) -> dict[str, Any]:
    """The answer to `clip/probe`. Raises InputError where the clip cannot be used."""
    # Reading clips needs PyAV and Pillow, which a handshake can do without.
    info = importlib.import_module("mf_backend.clip").probe_clip(Path(asked.path), asked.fps)
    return {
        "kind": info.kind.value,
        "width": info.width,
        "height": info.height,
        "fps": [info.fps.numerator, info.fps.denominator],
        "count": info.count,
        "has_audio": info.has_audio,
        "variable_rate": info.variable_rate,
        "first_number": info.first_number,
        "missing_numbers": list(info.missing_numbers),
        "notes": [{"code": code, "message": text} for code, text in info.notes],
    }


def preview(asked: FramePreview) -> dict[str, Any]:
    """The answer to `frame/preview`. Raises InputError where there is no such frame yet."""
    one_frame = importlib.import_module("mf_backend.jobs.one_frame")
    return {"path": str(one_frame.preview_frame(Path(asked.folder), asked.index))}
