"""Bad input of every kind through a real server: one sentence each, and the server lives on."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import Backend, edit_request, figure_joints, make_job
from tests.faults.conftest import COUNT, SIZE
from tests.faults.generators import bad_arrays, bad_pictures
from tests.faults.generators.bad_requests import bad_fields, bad_texts, with_field
from tests.faults.judging import TRACE, faults_of, faults_of_failure, run_backend, run_job
from tests.faults.tally import Tally
from tests.faults.trees import Tree, differences, read_tree

_QUIET = list(HealthCheck)


@dataclass
class Desk:
    """A server that is given one bad job after the other."""

    ground: Path
    server: Backend
    name: str
    numbers: itertools.count[int]

    def make(self) -> JobFolder:
        """A new job, right so far."""
        return make_job(self.ground, f"{self.name} {next(self.numbers)}", COUNT, SIZE)

    def judge(self, job: JobFolder, truth: Tree | None = None) -> list[str]:
        """Run it; what is wrong with how it ended. With `truth` it may also end as that."""
        said = len(self.server.errors)
        told = run_job(self.server, job.path)
        if told["status"] == "done":
            if truth is None:
                return ["accepted, though it should have been refused"]
            return differences(truth, read_tree(job.path, ("outputs", "work/conditions")))
        found = faults_of_failure(told)
        log = job.log.read_text("utf-8", "replace") if job.log.is_file() else ""
        if TRACE in log or TRACE.encode() in self.server.errors[said:]:
            found.append("a trace in the log")
        shutil.rmtree(job.path)
        return found


@pytest.fixture
def desk(ground: Path, whole: JobFolder, server: Backend, request: pytest.FixtureRequest) -> Desk:
    return Desk(ground, server, request.node.name, itertools.count())


def test_job_json(desk: Desk, scaled: Callable[[int], int], request: pytest.FixtureRequest) -> None:
    tally = Tally("job.json, a field")
    right = json.loads(desk.make().request.read_text(encoding="utf-8"))

    @seed(13)
    @settings(max_examples=scaled(200), deadline=None, database=None, suppress_health_check=_QUIET)
    @given(bad_fields())
    def fields(bad: tuple[tuple[str, str], object]) -> None:
        job = desk.make()
        job.request.write_text(with_field(right, *bad), encoding="utf-8")
        tally.add(*(f"{bad[0]} {str(bad[1])[:60]!r}: {said}" for said in desk.judge(job)))

    fields()
    tally.close(request)


def test_no_job_json(
    desk: Desk, scaled: Callable[[int], int], request: pytest.FixtureRequest
) -> None:
    tally = Tally("job.json, the text")

    @seed(14)
    @settings(max_examples=scaled(40), deadline=None, database=None, suppress_health_check=_QUIET)
    @given(bad_texts())
    def texts(bad: bytes) -> None:
        job = desk.make()
        job.request.write_bytes(bad)
        tally.add(*(f"{bad[:60]!r}: {said}" for said in desk.judge(job)))

    texts()
    tally.close(request)


@pytest.mark.parametrize("name", ["target", "source"])
def test_joints(
    desk: Desk, truth: Tree, name: str, chance: random.Random, request: pytest.FixtureRequest
) -> None:
    tally = Tally(f"{name} joints")
    joints = figure_joints(COUNT, SIZE, 0.9)
    for kind, make in {**bad_arrays.BAD, **bad_arrays.MAYBE}.items():
        if kind in ("no size", "size text") and name == "source":
            continue  # the actor's joints may come without it: they are in the clip's pixels
        job = desk.make()
        file = job.inputs / "target_joints.npz"
        given_truth = truth if kind in bad_arrays.MAYBE else None
        if name == "source":
            file = desk.ground / f"source {kind.replace('^', '')}.npz"
            edit_request(job, settings__source_joints=str(file))
            with np.load(desk.ground / f"material {COUNT}" / "joints.npz") as right:
                joints = right["source"]
        make(file, name, joints, SIZE, chance)
        tally.add(*(f"{kind}: {said}" for said in desk.judge(job, given_truth)))
        file.unlink(missing_ok=True)
    tally.close(request)


@pytest.mark.parametrize("field", ["source_masks", "clip"])
def test_pictures(
    desk: Desk, field: str, chance: random.Random, request: pytest.FixtureRequest
) -> None:
    tally = Tally(f"pictures, {field}")
    for kind, spoil in bad_pictures.BAD.items():
        if field == "clip" and kind in bad_pictures.NOT_FOR_CLIPS:
            continue
        job = desk.make()
        folder = desk.ground / f"{field} {kind}"
        right = desk.ground / f"material {COUNT}" / ("clip" if field == "clip" else "masks")
        shutil.copytree(right, folder)
        spoil(folder, chance)
        if field == "clip":
            edit_request(job, reference__path=str(folder))
        else:
            edit_request(job, settings__source_masks=str(folder))
        tally.add(*(f"{kind}: {said}" for said in desk.judge(job)))
        shutil.rmtree(folder)
    tally.close(request)


@pytest.mark.slow
def test_command_lines(
    ground: Path, whole: JobFolder, scaled: Callable[[int], int], chance: random.Random,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    tally = Tally("command lines")
    clip, out = str(ground / f"material {COUNT}" / "clip"), str(ground / "never made")
    condition = ["condition", "--reference", clip, "--out", out]
    lines = [
        ["run"], ["run", "/none"], ["run", clip], ["run", str(whole.request)], ["nothing"], [""],
        ["run", "\ud800"], ["run", "x" * 300], [*condition, "--target-poses", "/none"],
        [*condition, "--target-joints", "/none.npz"], [*condition, "--fps", "inf"], condition,
        [*condition, "--target-joints", str(whole.request)], [*condition, "--fps", "nan"],
        [*condition, "--target-joints", str(whole.inputs), "--fps", "0"],
        [*condition, "--target-poses", clip, "--source-masks", "/none"],
        [*condition, "--target-poses", clip, "--widen-mask", "nan"],
        [*condition, "--target-poses", clip, "--widen-mask", "-1"],
        [*condition, "--target-poses", clip, "--person", "0.5,1,1"],
        ["weights", "verify", "/none"], ["weights", "import", "/none"],
        ["evaluate", "--result", "/none", "--truth", clip],
    ]  # fmt: skip
    chosen = lines if scaled(len(lines)) >= len(lines) else chance.sample(lines, scaled(len(lines)))
    for line in chosen:
        ended = run_backend(*(os.fsdecode(word.encode("utf-8", "surrogatepass")) for word in line))
        found = faults_of(ended, 2, 3, 6)
        if Path(out).exists():
            found.append("something was made although it was refused")
            shutil.rmtree(out)
        tally.add(*(f"{' '.join(line)[-80:]!r}: {said}" for said in found))
    tally.close(request)
