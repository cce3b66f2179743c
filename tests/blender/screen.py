"""Screens of our own to open windows on, and waiting for what a window writes."""

from __future__ import annotations

import os
import subprocess
from typing import Any


def start_screen() -> tuple[subprocess.Popen[bytes], str]:
    """An Xvfb server and its display's name. Raises SystemExit where it does not start."""
    # The server chooses a free number and tells it.
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "+extension", "GLX"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    if not number:
        raise SystemExit("Xvfb did not start.")
    return server, f":{number}"


def last_words(process: Any, seconds: float) -> str:
    """What a window's Blender printed until it ended, or was ended after so many seconds."""
    try:
        told, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        told, _ = process.communicate()
    return str(told)
