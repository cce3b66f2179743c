"""The quality of conditioning on the reference cases: the figures that it is held to."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def score(repository: Path) -> ModuleType:
    """The script beside this file, as a module."""
    path = repository / "tests/quality/score_case.py"
    spec = importlib.util.spec_from_file_location("score_case", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["score_case"] = module
    spec.loader.exec_module(module)
    return module


def test_reference_cases(
    score: ModuleType, shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = sorted((shared / "clips").glob("case-*"))
    scores = [score.score_case(case, tmp_path / case.name) for case in cases]
    with capsys.disabled():
        print("\n" + "\n".join(score.table(scores)))
    means = score.mean_figures(scores)
    assert len(scores) == len(cases) >= 1 and "mask_iou" in means
    assert score.met(means), means


def test_the_score_can_fail(score: ModuleType, shared: Path) -> None:
    """Joints that are 40 pixels off and hands that blink get bad figures."""
    with np.load(shared / "clips/case-1/reference_body_joints.npz") as data:
        reference = data["source_poses"].astype(np.float64)
    right = np.full((24, 60, 2), np.nan)
    right[:, :18] = reference
    good = score.score_joints(right, reference, (512, 512))
    bad = score.score_joints(right + 40, reference, (512, 512))
    assert good == {"pck": 1.0, "joint_error": 0.0}
    assert bad["pck"] == 0.0 and bad["joint_error"] == pytest.approx(40 * 2**0.5, abs=0.1)
    inside = right.copy()
    inside[:, [4, 7]] = 200.0
    inside[:, 18:60] = 210.0
    assert score.score_hands(inside, (512, 512)) == {"hands_missing": 0, "hands_flicker": 0}
    inside[10, 18:39] = np.nan
    assert score.score_hands(inside, (512, 512)) == {"hands_missing": 1, "hands_flicker": 1}
