"""Asking an installed backend who it is, through the very protocol it will be used with.

Standard library.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from .child import Children, LineReader, end
from .plan import InstallRefusal

SECONDS = 120.0
"""Longest wait: the first start reads and compiles everything."""


def handshake(
    children: Children, python: Path, version: str, protocol: int, seconds: float = SECONDS
) -> dict[str, Any]:
    """The backend's answer to `initialize`. Raises InstallRefusal where it is not as wanted."""
    with (children.folder / "handshake-log.txt").open("w", encoding="utf-8") as errors:
        process = children.start(
            [str(python), "-m", "mf_backend", "serve"], stdin=subprocess.PIPE, stderr=errors
        )
        try:
            answer = _ask(children, process, protocol, seconds)
        finally:
            end(process)
    words = Path(errors.name).read_text(encoding="utf-8", errors="replace").strip()
    children.note(words)
    if answer is None:
        last = words.splitlines()[-1] if words else "it said nothing"
        raise InstallRefusal(
            "backend-silent",
            f"The installed backend did not answer: {last}.",
            "Repair the installation; if that does not help, look at its log.",
        )
    if "error" in answer:
        told = str(answer["error"].get("message", answer["error"]))
        raise InstallRefusal("backend-protocol", told, "Install the backend again.")
    said: dict[str, Any] = answer.get("result") or {}
    if said.get("protocol") != protocol or said.get("backend") != version:
        raise InstallRefusal(
            "backend-version",
            f"The installed backend is {said.get('backend')} and speaks protocol "
            f"{said.get('protocol')}; this add-on needs {version} and {protocol}.",
            "Install the add-on again from its zip, then repair the backend.",
        )
    return said


def _ask(
    children: Children, process: subprocess.Popen[str], protocol: int, seconds: float
) -> dict[str, Any] | None:
    assert process.stdin is not None
    params = {"protocol": protocol, "client": {"name": "installer", "version": ""}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    try:
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
    except OSError:
        return None
    stop = time.monotonic() + seconds
    for text in LineReader(process.stdout).lines(0.2):
        children.check()
        if time.monotonic() > stop:
            return None
        if text is None:
            continue
        try:
            value = json.loads(text)
        except ValueError:
            continue
        if isinstance(value, dict) and value.get("id") == 1:
            return value
    return None
