"""Flamenco's job type: compiled by a JavaScript engine, and its commands run in their order."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import bpy
import pytest

from motionfollower_addon.core.farm.batch import Words, bring_in, prepare, render
from tests.addon.run.farm.batches import (
    FRAMES,
    Hosts,
    count_takes,
    frames_of,
    host_environment,
    make_batch,
    make_hosts,
)
from tests.backend.tiny_job import REPOSITORY

SCRIPT = REPOSITORY / "motionfollower_addon/core/farm/flamenco/motionfollower_takes.js"
MANAGER = Path(__file__).with_name("flamenco_manager.js")
PLAIN = "as set in the file"


def compile_job(**settings: str) -> Any:
    """The job type and the tasks that the Manager gets for some settings."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js (apt-get install nodejs)")
    job = json.dumps({"name": "mf tëst ü", "settings": settings})
    done = subprocess.run(
        [node, str(MANAGER), str(SCRIPT), job], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def command_line(command: Any, variables: dict[str, str]) -> list[str]:
    """What a Worker starts for a command."""
    given = command["parameters"]
    words = [given["exe"]]
    if command["name"] == "blender-render":
        words += [given["exeArgs"], *given["argsBefore"], given["blendfile"]]
    else:
        assert command["name"] == "exec"
    words += given["args"]
    return [re.sub(r"\{(\w+)\}", lambda found: variables[found[1]], word) for word in words]


def test_settings_are_what_the_submission_can_ask() -> None:
    type_ = compile_job(
        takes="1", shots_file="", engine=PLAIN, jobs_path="/j", blendfile="/b.blend"
    )["type"]
    settings = {item["key"]: item for item in type_["settings"]}
    assert all(item["type"] == "string" for item in settings.values())
    known = {"file_path", "dir_path", None}
    assert {item.get("subtype") for item in settings.values()} <= known
    # Run as the Blender add-on of Flamenco does it.
    names = {
        "settings": type("Settings", (), {"jobs_root": "//farm"}),
        "Path": Path,
        "abspath": lambda text: text.replace("//", "/shared/"),
        "jobname": "shöt 1",
    }
    assert eval(settings["jobs_path"]["eval"], names) == "/shared/farm/shöt 1/{timestamp}"


def test_tasks_do_what_the_other_farms_do() -> None:
    tasks = compile_job(
        takes="1-3,5", shots_file="/s.json", engine=PLAIN, jobs_path="/j", blendfile="/b.blend"
    )["tasks"]
    takes = ["take-1", "take-2", "take-3", "take-5"]
    assert {task["name"]: task["needs"] for task in tasks} == {
        "prepare": [],
        **{name: ["prepare"] for name in takes},
        "bring-in": takes,
    }
    types = {task["name"]: task["type"] for task in tasks}
    assert {types.pop(name) for name in takes} == {"motionfollower"}
    assert set(types.values()) == {"blender"}
    words = Words("blender", "python", "/b.blend", "/s.json", "/j", "/j/takes.blend", "1-3,5", "5")
    variables = {"blender": "blender", "blenderArgs": "-b", "mfPython": "python"}
    lines = {task["name"]: command_line(task["commands"][0], variables) for task in tasks}
    assert lines["prepare"] == list(prepare(words))
    assert lines["take-5"] == list(render(words))
    assert lines["bring-in"] == list(bring_in(words))


def test_engine_is_passed_on_and_the_list_may_be_left_out() -> None:
    (first, *_) = compile_job(
        takes="1", shots_file="", engine="preview", jobs_path="/j", blendfile="/b.blend"
    )["tasks"]
    args = first["commands"][0]["parameters"]["args"]
    assert args[3:] == ["--takes", "1", "--engine", "preview", "--output", "/j"]


@pytest.mark.once("the farm and its verbs, which test_verbs.py calls in each Blender")
@pytest.mark.slow
def test_compiled_commands_end_in_a_file_with_every_take(scene: Any, odd_path: Path) -> None:
    hosts: Hosts = make_hosts(odd_path)
    shots = make_batch(odd_path)
    jobs = odd_path / "färm"
    tasks = compile_job(
        takes="1-6",
        shots_file=str(shots),
        engine=PLAIN,
        jobs_path=str(jobs),
        blendfile=bpy.data.filepath,
    )["tasks"]
    variables = {
        "blender": str(hosts.blender), "blenderArgs": "-b", "mfPython": str(hosts.python),
    }  # fmt: skip
    done: list[str] = []
    # A Worker takes any task whose dependencies are done: here the last of them first.
    while len(done) < len(tasks):
        ready = [task for task in tasks if task["name"] not in done]
        ready = [task for task in ready if set(task["needs"]) <= set(done)]
        assert ready, done
        for command in ready[-1]["commands"]:
            ran = subprocess.run(
                command_line(command, variables),
                capture_output=True,
                text=True,
                env=host_environment(),
                cwd="/",
                check=False,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
        done.append(ready[-1]["name"])
    assert done[0] == "prepare" and done[-1] == "bring-in"
    assert count_takes(jobs / "takes.blend") == 6
    assert all(len(frames_of(jobs / str(number))) == FRAMES for number in range(1, 7))
