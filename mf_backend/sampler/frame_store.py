"""Per-frame tensors of a whole clip: in memory for short clips, in files for long ones."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from mf_backend.contracts.files import output_error


class FrameStore:
    """Named tensors `[frames, ...]` that are written once and read in windows.

    With a `folder` each one lives in a file that is mapped, so that memory does not grow with the
    clip; without, in main memory.
    """

    def __init__(self, frames: int, folder: Path | None = None) -> None:
        self.frames = frames
        self._folder = folder
        self._tensors: dict[str, Tensor] = {}
        if folder is not None:
            folder.mkdir(exist_ok=True)

    def write(self, name: str, frames: slice, values: Tensor) -> None:
        """Store `values` [length of `frames`, ...]; the first write fixes shape and dtype."""
        whole = self._tensors.get(name)
        if whole is None:
            whole = self._tensors[name] = self._allocate(name, values)
        whole[frames] = values.to("cpu")

    def read(self, name: str, frames: slice, device: torch.device) -> Tensor:
        """The stored values of `frames`, on `device`."""
        return self._tensors[name][frames].to(device)

    def names(self) -> Sequence[str]:
        """Everything stored so far."""
        return list(self._tensors)

    def _allocate(self, name: str, values: Tensor) -> Tensor:
        shape = (self.frames, *values.shape[1:])
        if self._folder is None:
            return torch.empty(shape, dtype=values.dtype)
        count = self.frames * (values[0].numel())
        path = self._folder / f"{name}.bin"
        _reserve(path, count * values.element_size())
        flat = torch.from_file(str(path), shared=True, size=count, dtype=values.dtype)
        return flat.view(shape)


def _reserve(path: Path, size: int) -> None:
    """Take `size` bytes of the disk. Raises OutputError where it has none.

    A mapped file that only seems to be so long ends the process with a signal where the disk is
    full. Systems without the call, and file systems without such reservations, go on without.
    """
    reserve = getattr(os, "posix_fallocate", None)
    if reserve is None:
        return
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            reserve(handle, 0, size)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise output_error(path, error) from error
