"""`benchmarks.truth run` from a filmed shot to figures, through real jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality.truth.conftest import Bench
from tests.quality.truth.tiny_shot import write_tiny_shot


def test_every_row_and_region_is_measured(measured: Bench) -> None:
    shot = measured.told()["shots"]["tiny"]
    rows = shot["rows"]
    result = rows["preview-matched-true"]
    for metric in ("psnr", "ssim", "flicker"):
        assert {
            "whole",
            "union",
            "actor",
            "vacated",
            "seen",
            "never_seen",
            "shadow",
            "outside",
        } <= (result[metric].keys())
    assert result["target_joints"] == pytest.approx(
        {"pck": 1, "error": 0, "aside": 0, "below": 0, "scale": 1, "scale_error": 0}, abs=1e-3
    )
    assert result["masks"]["source_iou"] > 0.97
    assert len(result["frames"]["psnr"]) == shot["frames"]
    # What must hold of any engine that works, and of the figures' order.
    union = {name: row["psnr"]["union"] for name, row in rows.items()}
    assert union["footage"] < union["preview-matched-true"] < union["truth moved by 1 px"]
    assert union["truth moved by 2 px"] < union["truth moved by 1 px"]
    assert rows["truth moved by 1 px"]["stlpips"]["union"] < rows["footage"]["stlpips"]["union"]
    with_actor = rows["preview-matched-true with the true actor"]["psnr"]
    on_plate = rows["preview-matched-true on the true plate"]["psnr"]
    assert with_actor["actor"] > 30 > on_plate["actor"]
    assert on_plate["shadow"] == 100.0 and on_plate["seen"] > with_actor["seen"]


def test_what_is_there_is_not_made_again(measured: Bench) -> None:
    made = measured.told()["shots"]["tiny"]["rows"]["preview-matched-true"]["made"]
    done = measured.run(
        "run", "--conditions", "true", "--alignment", "matched", "--out", measured.out
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert measured.told()["shots"]["tiny"]["rows"]["preview-matched-true"]["made"] == made


def test_shots_that_are_not_there_are_named(measured: Bench, tmp_path: Path) -> None:
    done = measured.run("run", "--shots", "tiny", "nobody", "--out", tmp_path)
    assert done.returncode == 2 and "nobody" in done.stderr and "tiny" in done.stderr
    done = measured.run("run", "--split", "held-out", "--out", tmp_path)
    assert done.returncode == 2 and "held-out" in done.stderr
    broken = Bench(tmp_path / "cache", tmp_path / "out")
    folder = write_tiny_shot(broken.cache)
    (folder / "truth" / "frames" / "000006.png").unlink()
    done = broken.run("run", "--out", broken.out)
    assert done.returncode == 2 and "000006.png" in done.stderr
