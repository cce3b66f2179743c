"""Where weights come from, and whether optional files are here."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mf_backend.weights.catalog import MOTIONFOLLOWER, MOTIONFOLLOWER_URL, Origin, optional
from tests.backend.tiny_job import backend


def test_every_needed_file_has_a_page() -> None:
    for item in MOTIONFOLLOWER:
        assert item.url.startswith("https://"), item
        assert (item.url == MOTIONFOLLOWER_URL) == (item.origin is Origin.AUTHORS)


def test_the_heavy_pose_model_is_found_in_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy = optional("pose_landmark_heavy.tflite")
    folder = tmp_path / "mediapipe"
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mediapipe", raising=False)  # of an earlier test
    monkeypatch.setenv("MOTIONFOLLOWER_ESTIMATORS", str(tmp_path / "none"))
    (folder / "modules" / "pose_landmark").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('imported')")
    assert not heavy.present
    (folder / heavy.packaged).touch()
    assert heavy.present


def test_the_list_names_the_authors_folder(tmp_path: Path) -> None:
    done = backend("weights", "list", "--weights", str(tmp_path), "--json")
    value = json.loads(done.stdout)
    urls = {item["name"]: item["url"] for item in value["needed"]}
    assert urls["poctr.pth"] == MOTIONFOLLOWER_URL
    told = backend("weights", "list", "--weights", str(tmp_path)).stdout
    assert MOTIONFOLLOWER_URL in told
