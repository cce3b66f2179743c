"""The shift-tolerant distance against figures of its authors' own code."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mf_backend.metrics import stlpips
from mf_backend.metrics.base import FramePair

# What stlpips-pytorch 0.0.2 itself gives for these pictures, with `spatial`.
THEIRS = {"all": 0.03969768, "inside": 0.028819256}


def test_it_agrees_with_its_authors_code() -> None:
    if stlpips.weights_file() is None:
        pytest.skip("needs the package stlpips-pytorch, which is not installed")
    small = np.random.default_rng(5).integers(0, 255, (2, 8, 9, 3), np.uint8)
    a, b = (cv2.resize(p, (91, 70), interpolation=cv2.INTER_CUBIC) for p in small)
    b = cv2.addWeighted(a, 0.8, b, 0.2, 0)
    everywhere = np.ones(a.shape[:2], bool)
    left = everywhere.copy()
    left[:, 45:] = False
    metric = stlpips.STLPIPS()
    assert metric.missing() is None
    metric.add(FramePair(a, b, {"all": everywhere, "inside": left}))
    assert metric.values() == pytest.approx(THEIRS, abs=2e-6)
    assert metric.last("inside") == pytest.approx(THEIRS["inside"], abs=2e-6)
    metric.add(FramePair(a, a, {"all": everywhere}))
    assert metric.last("all") == 0.0


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stlpips, "_PACKAGE", "no_such_package_here")
    sentence = stlpips.STLPIPS().missing()
    assert sentence is not None and "stlpips-pytorch" in sentence
