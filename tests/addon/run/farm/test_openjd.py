"""The OpenJD template, checked and run by openjd-cli as a farm's host runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import psutil
import pytest

from motionfollower_addon.core.farm import openjd
from tests.addon.run.farm.batches import (
    FRAMES,
    Hosts,
    count_takes,
    frames_of,
    host_environment,
    make_batch,
    make_hosts,
)
from tests.addon.run.test_command_line import run

OPENJD = Path(sys.executable).with_name("openjd")


def start(template: Path, *arguments: str) -> subprocess.Popen[str]:
    """`openjd run` with the batch's own parameters."""
    return subprocess.Popen(
        [
            str(OPENJD),
            "run",
            str(template),
            "-p",
            f"file://{template.parent / openjd.VALUES}",
            *arguments,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=host_environment(),
        cwd="/",
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """(exit code, what was said)."""
    said, _ = process.communicate(timeout=500)
    return process.returncode, said


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return make_hosts(tmp_path)


@pytest.fixture
def batch(scene: Any, odd_path: Path, hosts: Hosts, capfd: Any) -> Iterator[Path]:
    """The submitted folder of six takes."""
    shots = make_batch(odd_path)
    farm = odd_path / "färm"
    code, out, err = run(
        capfd, "submit", "--list", str(shots), "--openjd", str(farm), "--json",
        "--farm-blender", str(hosts.blender), "--farm-python", str(hosts.python),
    )  # fmt: skip
    assert code == 0, out + err
    told = json.loads(out)
    assert (told["takes"], told["frames"], told["gpu_memory_mib"]) == ("1-6", 6 * FRAMES, 0)
    yield farm


def test_template_is_valid_and_the_bundle_names_what_has_to_travel(
    batch: Path, odd_path: Path
) -> None:
    template = batch / openjd.TEMPLATE
    done = subprocess.run([str(OPENJD), "check", str(template)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    values = f"file://{batch / openjd.VALUES}"
    done = subprocess.run(
        [str(OPENJD), "summary", str(template), "-p", values, "--output", "json"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    steps = {step["name"]: step for step in json.loads(done.stdout)["steps"]}
    assert list(steps) == ["Prepare", "Render", "BringIn"]
    assert steps["Render"]["total_tasks"] == 6
    written = json.loads(template.read_text(encoding="utf-8"))
    assert "hostRequirements" not in written["steps"][1]

    values = json.loads((batch / openjd.BUNDLE_VALUES).read_text(encoding="utf-8"))
    named = {item["name"]: item["value"] for item in values["parameterValues"]}
    assert set(named) == {item["name"] for item in written["parameterDefinitions"]}
    assert named["BlendFile"] == bpy.data.filepath
    assets = json.loads((batch / openjd.BUNDLE_ASSETS).read_text(encoding="utf-8"))
    sent = assets["assetReferences"]["inputs"]
    assert set(sent["directories"]) == {
        str(odd_path / "footage/clip"), str(odd_path / "footage ü/clip"),
        str(odd_path / "footage/masks"), str(odd_path / "footage ü/masks"),
    }  # fmt: skip
    assert all(Path(path).exists() for path in (*sent["directories"], *sent["filenames"]))


@pytest.mark.once("the farm and its verbs, which test_verbs.py calls in each Blender")
@pytest.mark.slow
def test_a_killed_batch_goes_on_and_is_what_a_plain_render_makes(
    batch: Path, odd_path: Path, hosts: Hosts
) -> None:
    template = batch / openjd.TEMPLATE
    for number, how in ((2, signal.SIGTERM), (3, signal.SIGKILL)):
        process = start(template, "--step", "BringIn", "--run-dependencies")
        kill_at_work(process, batch / f"jobs/{number}", how)
        code, said = finish(process)
        assert code != 0, said
        assert not (batch / f"jobs/{number}/report.json").exists()
    code, said = finish(start(template, "--step", "BringIn", "--run-dependencies"))
    assert code == 0, said
    assert said.count("already prepared") == 6
    assert count_takes(batch / "shöt 1 takes.blend") == 6

    plain = subprocess.run(
        [
            *(str(hosts.blender), "-b", str(odd_path / "shöt 1.blend")),
            *("--command", "motionfollower", "render"),
            *("--list", str(odd_path / "shots.json"), "--output", str(odd_path / "plain")),
        ],
        capture_output=True,
        text=True,
        env=host_environment(),
        check=False,
    )
    assert plain.returncode == 0, plain.stdout + plain.stderr
    shots = json.loads((odd_path / "shots.json").read_text(encoding="utf-8"))
    for number, shot in enumerate(shots, 1):
        frames = frames_of(batch / f"jobs/{number}")
        assert len(frames) == FRAMES
        assert frames == frames_of(odd_path / f"plain/{shot['name']}-001"), shot["name"]


def kill_at_work(process: subprocess.Popen[str], job: Path, how: signal.Signals) -> None:
    """Kill the backend as soon as it has begun to work on a job folder."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        for child in psutil.Process(process.pid).children(recursive=True):
            try:
                line = child.cmdline()
            except psutil.Error:
                continue
            if line[-1:] and str(job) in line and "mf_backend" in line and (job / "work").exists():
                child.send_signal(how)
                return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)
    pytest.fail(f"nobody began to work on {job}")


@pytest.mark.once("the backend predicts it")
def test_gpu_memory_is_asked_for_as_predicted(scene: Any, odd_path: Path, capfd: Any) -> None:
    bpy.ops.wm.save_mainfile()
    farm = odd_path / "färm"
    common = ["submit", "--openjd", str(farm), "--engine", "motionfollower", "--memory", "6"]
    code, out, err = run(capfd, *common, "--json")
    assert code == 0, out + err
    told = json.loads(out)["gpu_memory_mib"]
    assert 500 < told <= 6 * 1024
    steps = json.loads((farm / openjd.TEMPLATE).read_text(encoding="utf-8"))["steps"]
    assert {"name": "amount.worker.gpu.memory", "min": told} in steps[1]["hostRequirements"][
        "amounts"
    ]


def test_another_batch_is_not_overwritten(scene: Any, odd_path: Path, capfd: Any) -> None:
    bpy.ops.wm.save_mainfile()
    farm = odd_path / "färm"
    assert run(capfd, "submit", "--openjd", str(farm))[0] == 0
    before = {path: path.read_bytes() for path in farm.rglob("*") if path.is_file()}
    code, _, err = run(capfd, "submit", "--openjd", str(farm), "--seed", "8")
    assert code == 6
    assert "is not overwritten. Choose another folder." in err
    assert {path: path.read_bytes() for path in farm.rglob("*") if path.is_file()} == before


@pytest.mark.once("the host runs the backend alone")
def test_a_host_without_the_clip_says_so_and_with_a_mapping_finds_it(
    scene: Any, odd_path: Path, hosts: Hosts, capfd: Any
) -> None:
    bpy.ops.wm.save_mainfile()
    farm = odd_path / "färm"
    run(capfd, "submit", "--openjd", str(farm), "--farm-python", str(hosts.python))
    there, here = odd_path / "footage", odd_path / "mounted élsewhere"
    there.rename(here)
    code, said = finish(start(farm / openjd.TEMPLATE, "--step", "Render"))
    assert code != 0
    assert f"openjd_fail: The clip {there / 'clip'} does not exist." in said
    assert "exited with code: 2" in said

    rule = {"source_path_format": "POSIX", "source_path": str(there), "destination_path": str(here)}
    rules = json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": [rule]})
    code, said = finish(
        start(farm / openjd.TEMPLATE, "--step", "Render", "--path-mapping-rules", rules)
    )
    assert code == 0, said
    assert "openjd_progress: 100" in said
    assert len(frames_of(farm / "jobs/1")) == FRAMES
