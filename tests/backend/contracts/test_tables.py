"""Engines and mask estimators of other packages: really installed, chosen by name, or broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mf_backend.clip.picture_file import read_grey, read_image
from mf_backend.protocol.messages import PROTOCOL
from tests.backend.tiny_job import Backend, backend, make_job, printed

from .foreign_packages import install_good, write_broken


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where another package's engine and mask estimator are installed."""
    return install_good(tmp_path_factory.mktemp("päckages"), tmp_path_factory.mktemp("source"))


@pytest.fixture
def broken(odd_path: Path) -> Path:
    """Where packages lie that nothing works of."""
    folder = odd_path / "broken"
    folder.mkdir()
    return write_broken(folder)


def doctor(packages: Path) -> dict[str, Any]:
    """What the doctor says, whatever it thinks of this machine."""
    ran = backend("doctor", "--quick", "--json", packages=[packages])
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def lacks(found: dict[str, Any], kind: str, name: str) -> str:
    """What one of a kind lacks, in words."""
    item = next(item for item in found[kind] if item["name"] == name)
    return " ".join(f"{lack['what']}. {lack['how']}" for lack in item["missing"])


def test_a_job_runs_with_them(good: Path, odd_path: Path) -> None:
    job = make_job(odd_path, engine="red", mask_estimator="box", source_masks="")
    ran = backend("run", str(job.path), packages=[good])
    assert ran.returncode == 0, ran.stderr
    report = json.loads(job.report.read_text(encoding="utf-8"))
    assert report["settings"]["engine"] == "red"
    masks = json.loads((job.conditions / "quality" / "masks.json").read_text(encoding="utf-8"))
    assert masks["estimator"] == "box"
    matte = read_grey(job.conditions / "source_alpha" / "frame_0.png")
    assert (matte > 127).any()
    for index in range(6):
        target = read_grey(job.conditions / "target_masks" / f"frame_{index}.png") > 127
        assert target.any()
        assert (read_image(job.frame(index))[target] == (255, 0, 0)).all()


def test_they_are_listed_beside_ours(good: Path) -> None:
    found = doctor(good)
    assert [item["name"] for item in found["engines"]] == [
        "preview",
        "motionfollower",
        "sample",
        "red",
    ]
    assert found["engines"][-1] == {
        "name": "red",
        "label": "Red where the actor will be",
        "missing": [],
    }
    assert found["mask_estimators"][-1]["name"] == "box"
    assert not lacks(found, "mask_estimators", "box")
    help_text = backend("condition", "--help", packages=[good]).stdout
    assert "sam2 or box" in " ".join(help_text.split())


def test_the_add_on_hears_of_them(good: Path) -> None:
    server = Backend(good)
    try:
        engines = server.answer(server.ask("initialize", protocol=PROTOCOL))["result"]["engines"]
        assert engines[-1]["name"] == "red"
        asked = server.ask("memory/need", engine="red", width=10, height=20, count=3)
        assert server.answer(asked)["result"]["needed_bytes"] == 600
    finally:
        assert server.close() == 0


def test_a_broken_one_is_one_sentence_and_ours_go_on(broken: Path, odd_path: Path) -> None:
    job = make_job(odd_path, "ours", engine="preview")
    assert backend("run", str(job.path), packages=[broken]).returncode == 0
    for name, why in (
        ("absent", "ModuleNotFoundError"),
        ("half", "it lacks fingerprint, memory_need, render, seconds_a_frame"),
        ("other", "it calls itself 'touchy'"),
        ("raises", "no licence found"),
    ):
        job = make_job(odd_path, name, engine=name)
        ran = backend("run", str(job.path), packages=[broken])
        assert ran.returncode == 3, (name, ran.stderr)
        said = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
        assert len(said) == 1 and "Traceback" not in ran.stderr, ran.stderr
        assert f"The engine {name} of the package mf-broken 2.0 cannot be used" in said[0]
        assert why in said[0] and "Repair or remove that package" in said[0]
        assert not (job.conditions / "joints.npz").exists(), "told before any work"
    job = make_job(odd_path, "torn", mask_estimator="torn", source_masks="")
    ran = backend("run", str(job.path), packages=[broken])
    assert ran.returncode == 3 and "The mask estimator torn of the package mf-broken" in ran.stderr
    job = make_job(odd_path, "unknown", engine="nobody's")
    ran = backend("run", str(job.path), packages=[broken])
    assert ran.returncode == 2 and "preview or motionfollower" in ran.stderr


def test_the_doctor_tells_of_each_broken_one(broken: Path) -> None:
    found = doctor(broken)
    assert not lacks(found, "engines", "preview")
    assert "it fails with RuntimeError (no licence found)" in lacks(found, "engines", "raises")
    assert "it fails with RuntimeError (do not ask)" in lacks(found, "engines", "touchy")
    assert "it lacks mattes, require" in lacks(found, "mask_estimators", "torn")
    taken = [text for text in found["problems"] if "'preview'" in text]
    assert len(taken) == 1 and "mf-broken 2.0 is not used" in taken[0]


def test_listing_loads_nothing_heavy(good: Path) -> None:
    program = (
        "import sys\n"
        "from mf_backend.protocol.handshake import engine_facts\n"
        "from mf_backend.actor.masks.estimators import estimator_names\n"
        "from mf_backend.actor.joints.estimators import ESTIMATORS\n"
        "print(len(engine_facts()), *estimator_names(), *ESTIMATORS.names())\n"
        "heavy = {'torch', 'cv2', 'mediapipe', 'onnxruntime', 'transformers', 'av'}\n"
        "print(*sorted(heavy & set(sys.modules)))\n"
    )
    names, _, heavy = printed(program, packages=[good]).partition("\n")
    assert names == "4 rvm mediapipe birefnet sam2 box dwpose heavy full"
    assert heavy == ""
