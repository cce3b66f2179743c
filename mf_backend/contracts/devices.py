"""Devices that networks can run on. Imports torch only where an accelerator may be found."""

from __future__ import annotations

import ctypes.util
import importlib.util
import platform
from pathlib import Path
from typing import Any

from mf_backend.jobs.resources import memory, processor_name


def may_have_accelerator() -> bool:
    """Whether it is worth asking torch: a CUDA or ROCm driver is installed, or this is a Mac."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    if platform.system() == "Windows":
        return ctypes.util.find_library("nvcuda") is not None
    # NVIDIA, AMD, and either of them through WSL.
    return any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg"))


def list_devices() -> list[dict[str, Any]]:
    """[{id, name, kind, total_bytes, free_bytes}], accelerators first, the processor last.

    Ids are what the setting `device` takes besides "auto".
    """
    devices: list[dict[str, Any]] = []
    if may_have_accelerator() and importlib.util.find_spec("torch") is not None:
        devices.extend(_accelerators())
    main = memory()
    devices.append({"id": "cpu", "name": processor_name(), "kind": "cpu", **main})
    return devices


def _accelerators() -> list[dict[str, Any]]:
    import torch

    devices: list[dict[str, Any]] = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            devices.append(
                {
                    "id": f"cuda:{index}",
                    "name": torch.cuda.get_device_name(index),
                    "kind": "cuda",
                    "total_bytes": int(total),
                    "free_bytes": int(free),
                }
            )
    if torch.backends.mps.is_available():
        main = memory()
        devices.append({"id": "mps", "name": "Apple GPU", "kind": "mps", **main})
    return devices
