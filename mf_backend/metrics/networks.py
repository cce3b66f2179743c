"""The published networks that LPIPS and FID need: found on this machine or said to be missing.

Nothing is downloaded here: both libraries would fetch their networks by themselves, so they are
only asked once the files are known to be present.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALEXNET_FILE = "alexnet-owt-7be5be79.pth"
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"


@dataclass(frozen=True)
class NeededNetwork:
    """What a metric needs, and how to get it."""

    packages: tuple[str, ...]
    """Import names."""
    install: str
    file: str
    how: str


LPIPS = NeededNetwork(
    ("lpips", "torchvision"),
    "pip install lpips torchvision",
    ALEXNET_FILE,
    "It is torchvision's AlexNet for ImageNet (233 MB): on a machine with a connection run "
    "`python -c \"import torchvision; torchvision.models.alexnet(weights='IMAGENET1K_V1')\"`",
)
FID = NeededNetwork(
    ("torch_fidelity",),
    "pip install torch-fidelity",
    INCEPTION_FILE,
    "It is the Inception network of the FID paper (91 MB), from the releases of the project "
    "torch-fidelity on GitHub",
)


def checkpoints() -> Path:
    """The folder in which torch keeps downloaded networks."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints"


def missing(network: NeededNetwork) -> str | None:
    """One sentence on what is lacking and how to get it; None where everything is here."""
    absent = [name for name in network.packages if importlib.util.find_spec(name) is None]
    sentences = []
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        sentences.append(
            f"The Python package {' and '.join(absent)} {verb} not installed; `{network.install}`."
        )
    folder = checkpoints()
    if not (folder / network.file).is_file():
        sentences.append(
            f"The network {network.file} is not on this machine. {network.how}, and put the file "
            f"into {folder}."
        )
    return " ".join(sentences) or None


def load_lpips() -> Any:
    """LPIPS with AlexNet that returns a map [1, 1, H, W]; only after `missing` said None."""
    import lpips

    return lpips.LPIPS(net="alex", spatial=True, verbose=False).eval()


def load_fid() -> Any:
    """FID with the 2048 Inception features; only after `missing` said None."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    return FrechetInceptionDistance(feature=2048, normalize=False)
