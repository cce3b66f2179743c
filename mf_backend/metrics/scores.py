"""PSNR, SSIM, LPIPS and FID of a result against the truth: in all, inside and outside masks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.progress import Reporter
from mf_backend.metrics import networks

Picture = NDArray[np.uint8]
Inside = NDArray[np.bool_]

IDENTICAL_PSNR = 100.0
"""What an identical frame counts in the mean of PSNR, in dB; its true value is infinite."""
_GREY = 128
_SMALLEST = 64
"""LPIPS and FID see pictures of at least this many pixels a side."""

REGIONS = ("all", "inside", "outside")
METRICS = ("psnr", "ssim", "lpips", "fid")


@dataclass(frozen=True)
class Scores:
    """Mean over frames by metric and region, and metrics that could not be measured."""

    frames: int
    values: dict[str, dict[str, float]]
    missing: dict[str, str] = field(default_factory=dict)
    """Metric name: one sentence on what is lacking and how to get it."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-serialisable form."""
        return {"frames": self.frames, "metrics": self.values, "missing": self.missing}


def score(
    pairs: Iterator[tuple[Picture, Picture, Inside | None]], total: int, reporter: Reporter
) -> Scores:
    """Score pairs of (result, truth, inside mask or None) one frame at a time.

    PSNR on 8-bit values; SSIM with a Gaussian window of sigma 1.5 and data range 255 (Wang et al.
    2004), its map averaged over the region; LPIPS (Zhang et al. 2018) likewise; FID (Heusel et al.
    2017) over all frames, the other region painted grey in both.
    """
    lacking = {
        name: sentence
        for name, network in (("lpips", networks.LPIPS), ("fid", networks.FID))
        if (sentence := networks.missing(network)) is not None
    }
    perceptual = None if "lpips" in lacking else networks.load_lpips()
    distances: dict[str, Any] = {}
    sums: dict[str, dict[str, list[float]]] = {
        metric: {region: [] for region in REGIONS} for metric in METRICS
    }
    frames = 0
    reporter.begin("evaluate", total)
    for frames, (result, truth, inside) in enumerate(pairs, 1):
        regions = _regions(result.shape[:2], inside)
        a, b = (_tensor(p) for p in (result, truth))
        maps = {"ssim": _ssim_map(a, b)}
        if perceptual is not None:
            maps["lpips"] = _lpips_map(perceptual, a, b)
        for region, where in regions.items():
            if not where.any():
                continue
            sums["psnr"][region].append(_psnr(a, b, where))
            for metric, local in maps.items():
                sums[metric][region].append(float(local[where].mean()))
            if "fid" not in lacking:
                _add_to_fid(distances, region, (result, truth), where)
        reporter.advance(frames)
    values = {
        metric: {region: float(np.mean(v)) for region, v in by_region.items() if v}
        for metric, by_region in sums.items()
    }
    values["fid"] = _finish_fid(distances, frames, lacking)
    return Scores(frames, {name: v for name, v in values.items() if v}, lacking)


def _regions(shape: Sequence[int], inside: Inside | None) -> dict[str, Inside]:
    regions = {"all": np.ones(tuple(shape), bool)}
    if inside is not None:
        regions |= {"inside": inside, "outside": ~inside}
    return regions


def _tensor(picture: Picture) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float()


def _psnr(a: Any, b: Any, where: Inside) -> float:
    import torch
    from torchmetrics.functional.image import peak_signal_noise_ratio

    chosen = torch.from_numpy(where)
    value = float(peak_signal_noise_ratio(a[0][:, chosen], b[0][:, chosen], data_range=255.0))
    return value if math.isfinite(value) else IDENTICAL_PSNR


def _ssim_map(a: Any, b: Any) -> NDArray[np.float32]:
    from torchmetrics.functional.image import structural_similarity_index_measure

    _, full = structural_similarity_index_measure(
        a, b, gaussian_kernel=True, sigma=1.5, data_range=255.0, return_full_image=True
    )
    return np.asarray(full[0].mean(0).numpy(), np.float32)


def _lpips_map(network: Any, a: Any, b: Any) -> NDArray[np.float32]:
    import torch

    with torch.no_grad():
        values = network(*(_at_least(t) / 127.5 - 1 for t in (a, b)))
    values = torch.nn.functional.interpolate(values, a.shape[-2:], mode="bilinear")
    return np.asarray(values[0, 0].numpy(), np.float32)


def _at_least(tensor: Any) -> Any:
    import torch

    height, width = tensor.shape[-2:]
    grow = max(1.0, _SMALLEST / min(height, width))
    if grow == 1.0:
        return tensor
    size = (math.ceil(height * grow), math.ceil(width * grow))
    return torch.nn.functional.interpolate(tensor, size, mode="bilinear")


def _add_to_fid(
    distances: dict[str, Any], region: str, pictures: tuple[Picture, Picture], where: Inside
) -> None:
    if region not in distances:
        distances[region] = networks.load_fid()
    for picture, real in zip(pictures, (False, True), strict=True):
        shown = np.where(where[..., None], picture, np.uint8(_GREY))
        distances[region].update(_tensor(shown).byte(), real=real)


def _finish_fid(
    distances: dict[str, Any], frames: int, lacking: dict[str, str]
) -> dict[str, float]:
    if not distances:
        return {}
    if frames < 2:
        lacking["fid"] = "FID needs at least two frames."
        return {}
    return {region: float(metric.compute()) for region, metric in distances.items()}
