"""Devices that networks can run on. Imports torch only where an accelerator may be found."""

from __future__ import annotations

import ctypes.util
import importlib.util
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mf_backend.contracts.errors import InputError, MissingComponentError
from mf_backend.contracts.machine.resources import memory, processor_name

if TYPE_CHECKING:
    import torch


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


@dataclass(frozen=True)
class Device:
    """Where the networks run and in which number format."""

    device: torch.device
    dtype: torch.dtype


def choose_device(wanted: str) -> Device:
    """ "auto", "cpu", "mps", "cuda" or "cuda:N"; auto takes an accelerator where there is one.

    CUDA computes in float16 as the released code does, everything else in float32. Raises
    InputError for a name that is none and MissingComponentError for a device that is not here.
    """
    import torch

    name = wanted or "auto"
    if name == "auto":
        if torch.cuda.is_available():
            name = "cuda"
        else:
            name = "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "mps", "cuda"):
        raise InputError(
            "device-unknown", f"There is no device named {wanted!r}; use auto, cpu, mps or cuda."
        )
    here = {
        "cpu": not device.index,
        "mps": torch.backends.mps.is_available() and not device.index,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
    }
    if not here[device.type]:
        raise MissingComponentError(
            "device-missing",
            f"The device {name} is not on this machine, or torch was installed without it.",
            "Choose the automatic device (auto), or see `python -m mf_backend doctor`.",
        )
    return Device(device, torch.float16 if device.type == "cuda" else torch.float32)
