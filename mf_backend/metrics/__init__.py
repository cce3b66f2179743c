"""Metrics: how close a result is to the true frames.

To add one: a module with a class as `base.Metric` describes, and its line in METRICS.
"""

from __future__ import annotations

from mf_backend.contracts.tables import Table
from mf_backend.metrics.base import Metric

METRICS: Table[Metric] = Table(
    "metric",
    Metric,
    {
        "psnr": "mf_backend.metrics.psnr:PSNR",
        "ssim": "mf_backend.metrics.ssim:SSIM",
        "stlpips": "mf_backend.metrics.stlpips:STLPIPS",
        "lpips": "mf_backend.metrics.lpips:LPIPS",
        "fid": "mf_backend.metrics.fid:FID",
    },
)
