"""What farm engines ask of `run`: a part of the stages, paths of another host, progress, no use."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from mf_backend.contracts.failures import NO_USE
from mf_backend.jobs.path_mapping import read_mapping
from mf_backend.jobs.stages.costs import stage_names
from tests.backend.jobs.runs import results, run
from tests.backend.tiny_job import backend, edit_request, make_job


def state(job: Any) -> Any:
    return json.loads(job.state.read_text(encoding="utf-8"))


def test_every_stage_can_be_the_last_and_the_next_run_goes_on(odd_path: Path) -> None:
    whole = make_job(odd_path, "whole")
    assert run(whole).code == 0
    job = make_job(odd_path, "in pieces")
    for number, stage in enumerate(stage_names()):
        done = backend("run", str(job.path), "--until", stage, "--json")
        assert done.returncode == 0, done.stderr
        finished = [name for name, record in state(job)["stages"].items() if record["finished"]]
        assert finished == list(stage_names()[: number + 1])
        last = stage == "report"
        assert state(job)["status"] == ("done" if last else "queued")
        assert job.report.exists() is last
        told = json.loads(done.stdout)
        assert last or told == {"id": "in pieces", "until": stage, "count": 6}
    log = job.log.read_text(encoding="utf-8")
    assert all(log.count(f"stage {name}: begins") == 1 for name in stage_names()[1:-1])
    assert results(job) == results(whole)
    # Asked for less than there is: it stays done.
    assert backend("run", str(job.path), "--until", "masks").returncode == 0
    assert state(job)["status"] == "done"


def test_a_host_without_weights_conditions(odd_path: Path) -> None:
    job = make_job(odd_path, engine="motionfollower", weights=str(odd_path / "none"))
    assert backend("run", str(job.path), "--until", "target_mask").returncode == 0
    assert (job.conditions / "joints.npz").exists()
    done = backend("run", str(job.path))
    assert done.returncode == 3 and done.stderr.splitlines()[-1] == NO_USE
    assert job.log.read_text(encoding="utf-8").rstrip().endswith(NO_USE)
    assert job.conditions.exists()


def test_an_unknown_stage_is_refused(odd_path: Path) -> None:
    done = backend("run", str(odd_path), "--until", "lunch")
    assert done.returncode == 2 and "target_mask" in done.stderr
    assert done.stderr.splitlines()[-1] == NO_USE


def test_progress_for_openjd(odd_path: Path) -> None:
    job = make_job(odd_path)
    done = backend("run", str(job.path), "--progress", "openjd")
    assert done.returncode == 0
    values = [float(v) for v in re.findall(r"^openjd_progress: ([\d.]+)$", done.stdout, re.M)]
    assert values == sorted(values) and values[-1] == 100.0 and len(values) > 5
    assert all(0 <= value <= 100 for value in values)
    assert "openjd_status: render" in done.stdout and "openjd_fail" not in done.stdout
    edit_request(job, reference__path=str(odd_path / "no such\nclip"))
    done = backend("run", str(job.path), "--progress", "openjd")
    fails = [line for line in done.stdout.splitlines() if line.startswith("openjd_fail: ")]
    assert done.returncode == 2 and len(fails) == 1 and "no such" in fails[0]
    assert done.stderr.splitlines()[-1] == NO_USE


def test_progress_as_objects(odd_path: Path) -> None:
    job = make_job(odd_path)
    done = backend("run", str(job.path), "--progress", "json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["event"] == "done" and lines[-1]["mp4"] == str(job.mp4)
    assert {line["stage"] for line in lines if line["event"] == "progress"} >= {"masks", "render"}
    edit_request(job, target__joints="inputs/none.npz")
    done = backend("run", str(job.path), "--progress", "json")
    failed = json.loads(done.stdout.splitlines()[-1])
    assert failed["event"] == "failed" and failed["exit_code"] == done.returncode == 2


@pytest.mark.parametrize("style", ["openjd", "json"])
def test_stdout_has_one_master(odd_path: Path, style: str) -> None:
    done = backend("run", str(make_job(odd_path).path), "--json", "--progress", style)
    assert done.returncode == 2 and "both want the standard output" in done.stderr


def rules(folder: Path, style: str, source: str, destination: Path) -> Path:
    """A file that maps one path, in one of the two forms."""
    file = folder / "rules.json"
    value: Any = [{"source": source, "destination": str(destination)}]
    if style != "pairs":
        rule = {"source_path_format": style, "source_path": source}
        value = {
            "version": "pathmapping-1.0",
            "path_mapping_rules": [{**rule, "destination_path": str(destination)}],
        }
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("style", "source"),
    [("pairs", "/shots/ü"), ("POSIX", "/shots/ü"), ("pairs", "S:\\Shots"), ("WINDOWS", "s:/shots")],
)
def test_paths_of_another_host(odd_path: Path, style: str, source: str) -> None:
    here = make_job(odd_path, "here", mp4=str(odd_path / "material 6" / "out" / "here.mp4"))
    assert run(here).code == 0
    material = odd_path / "material 6"
    windows = "shots" in source.lower() and ":" in source

    def there(*names: str) -> str:
        return "\\".join(["S:\\shots", *names]) if windows else "/".join(["/shots/ü", *names])

    job = make_job(odd_path, "there")
    edit_request(
        job,
        reference__path=there("clip"),
        settings__source_joints=there("joints.npz"),
        settings__source_masks=there("masks"),
        output__mp4=there("out", "there.mp4"),
    )
    asked = job.request.read_bytes()
    done = backend("run", str(job.path))
    assert done.returncode == 2
    mapping = rules(odd_path, style, source, material)
    done = backend("run", str(job.path), "--path-mapping", str(mapping))
    assert done.returncode == 0, done.stderr
    assert job.request.read_bytes() == asked
    assert results(job) == results(here)
    assert (material / "out" / "there.mp4").read_bytes() == job.mp4.read_bytes()
    # Another clip at the mapped place is noticed where job.json knows the right one.
    sha = json.loads(here.report.read_text(encoding="utf-8"))["reference"]["sha256"]
    edit_request(job, reference__sha256=sha)
    shutil.rmtree(material / "clip")
    shutil.copytree(material / "masks", material / "clip")
    done = backend("run", str(job.path), "--path-mapping", str(mapping), "--json")
    assert done.returncode == 2 and json.loads(done.stdout)["error"]["code"] == "clip-changed"


def test_the_longest_source_that_fits_is_taken(odd_path: Path) -> None:
    file = odd_path / "pairs.json"
    pairs = [{"source": "/a", "destination": "/x"}, {"source": "/a/b", "destination": "/y"}]
    file.write_text(json.dumps(pairs), encoding="utf-8")
    mapping = read_mapping(file)
    paths = ["/a/b/c", "/a/bc", "/a", "/ab", "", "/a/b"]
    assert [mapping.path(path) for path in paths] == ["/y/c", "/x/bc", "/x", "/ab", "", "/y"]
    file.write_text("{}", encoding="utf-8")
    assert read_mapping(file).path("/a") == "/a"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not valid JSON"),
        ("3", "a list of pairs"),
        ("[3]", "an object"),
        ('[{"source": "a", "destination": "/b"}]', "absolute"),
        ('[{"source": "/a"}]', "[0].destination"),
        ('{"version": "pathmapping-9"}', "pathmapping-1.0"),
        ('{"version": "pathmapping-1.0", "path_mapping_rules": 1}', "a list of rules"),
        (
            '{"version": "pathmapping-1.0", "path_mapping_rules": [{"source_path_format": "VMS"}]}',
            '"POSIX" or "WINDOWS"',
        ),
    ],
)
def test_a_mapping_that_makes_no_sense(odd_path: Path, text: str, words: str) -> None:
    job = make_job(odd_path, count=2)
    file = odd_path / "rules.json"
    file.write_text(text, encoding="utf-8")
    done = backend("run", str(job.path), "--path-mapping", str(file))
    assert done.returncode == 2 and words in done.stderr and "rules.json" in done.stderr
    assert done.stderr.splitlines()[-1] == NO_USE and "Traceback" not in done.stderr
