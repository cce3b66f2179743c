"""Which build of PyTorch fits the card. Standard library.

The one file with PyTorch's own index, and what its builds ask of card and driver, is
torch_index.json; its sources stand in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .plan import TorchChoice, child_environment

_QUERY = "--query-gpu=name,driver_version,compute_cap,memory.total"
_SECONDS = 20.0


@dataclass(frozen=True)
class Card:
    """An NVIDIA card as its driver describes it; memory in MiB."""

    name: str
    driver: str
    compute: float
    memory: int


@dataclass(frozen=True)
class TorchBuild:
    """A build to try. Without an index, pip's own configuration decides where it comes from; with
    an empty name also which build that is."""

    name: str = ""
    index: str = ""


@dataclass(frozen=True)
class TorchOffer:
    """Builds in the order in which they are tried, and why, in a sentence."""

    builds: tuple[TorchBuild, ...]
    note: str
    card: Card | None = None


def read_cards(text: str) -> list[Card]:
    """Cards from nvidia-smi's CSV, the strongest first; lines that say something else are none."""
    cards = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) < 4:
            continue
        name, driver, compute, memory = ", ".join(parts[:-3]), *parts[-3:]
        try:
            cards.append(Card(name, driver, float(compute), int(float(memory))))
        except ValueError:
            continue
    return sorted(cards, key=lambda card: (card.memory, card.compute), reverse=True)


def find_cards(environment: Mapping[str, str] = os.environ) -> list[Card]:
    """NVIDIA cards of this machine; none where there is no driver that says so."""
    try:
        answer = subprocess.run(
            ["nvidia-smi", _QUERY, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
            env=child_environment(environment),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return read_cards(answer.stdout) if answer.returncode == 0 else []


def read_index() -> dict[str, Any]:
    """The data file."""
    path = Path(__file__).with_name("torch_index.json")
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def processor_builds(data: dict[str, Any], platform: str = sys.platform) -> tuple[TorchBuild, ...]:
    """Builds without a card. On Linux the usual one brings gigabytes of CUDA along: it is last."""
    plain = TorchBuild()
    if platform != "linux":
        return (plain,)
    name = str(data["processor"])
    return (TorchBuild(name), TorchBuild(name, str(data["index"]).format(build=name)), plain)


def offer(
    choice: TorchChoice, cards: Sequence[Card], data: dict[str, Any], platform: str = sys.platform
) -> TorchOffer:
    """The builds to try for these cards on a platform of Python's own name (linux, win32…)."""
    plain = processor_builds(data, platform)
    if platform == "darwin":
        return TorchOffer(plain, "PyTorch for macOS, which uses Apple's own graphics.")
    if choice is TorchChoice.PROCESSOR:
        return TorchOffer(plain, "PyTorch for the processor, as chosen.")
    if not cards:
        return TorchOffer(
            plain,
            "No NVIDIA card was found, so PyTorch works on the processor: the preview engine runs "
            "well, the diffusion engine far too slowly for a whole clip.",
        )
    card = cards[0]
    fitting = []
    for item in data["cuda"]:
        low, high = item["compute"]
        driver = _number(card.driver) >= _number(item["driver"][platform])
        if driver and low <= card.compute <= high:
            build = str(item["build"])
            fitting.append(TorchBuild(build, str(data["index"]).format(build=build)))
    if fitting:
        note = f"PyTorch for {card.name} (driver {card.driver})."
        return TorchOffer(tuple(fitting), note, card)
    drivers = [
        item["driver"][platform]
        for item in data["cuda"]
        if item["compute"][0] <= card.compute <= item["compute"][1]
    ]
    why = (
        f"its driver {card.driver} is older than {drivers[-1]}. Update the driver, then repair"
        if drivers
        else f"no build of this PyTorch supports its compute capability {card.compute}"
    )
    return TorchOffer(
        plain, f"{card.name} cannot be used, PyTorch works on the processor: {why}.", card
    )
