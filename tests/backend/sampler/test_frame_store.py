"""Tensors of long clips in mapped files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mf_backend.sampler.frame_store import FrameStore
from tests.backend.tiny_job import printed


@pytest.mark.parametrize("mapped", [False, True])
def test_what_was_stored_is_read(odd_path: Path, mapped: bool) -> None:
    store = FrameStore(6, odd_path / "store" if mapped else None)
    values = torch.arange(6 * 4, dtype=torch.float16).reshape(6, 4)
    for start in (0, 3):
        store.write("a", slice(start, start + 3), values[start : start + 3])
    assert torch.equal(store.read("a", slice(1, 5), torch.device("cpu")), values[1:5])


def test_a_full_disk_is_said_and_is_no_signal(small_disk: Path) -> None:
    script = (
        "import sys, torch; from pathlib import Path\n"
        "from mf_backend.contracts.errors import OutputError\n"
        "from mf_backend.sampler.frame_store import FrameStore\n"
        "store = FrameStore(100, Path(sys.argv[1]) / 'store')\n"
        "try:\n"
        "    for start in range(0, 100, 10):\n"
        "        store.write('a', slice(start, start + 10), torch.ones(10, 2000))\n"
        "except OutputError as error:\n"
        "    print(error.code)\n"
    )
    assert printed(script, small_disk) == "disk-full"
