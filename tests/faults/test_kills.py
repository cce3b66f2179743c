"""Jobs killed at random moments, again and again: in the end the bytes of an undisturbed one."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import backend, backend_environment, make_job
from tests.faults.conftest import COUNT, SIZE
from tests.faults.judging import faults_of, run_backend
from tests.faults.tally import Tally
from tests.faults.trees import Tree, differences, read_tree

PARTS = ("outputs", "work/conditions")


def kill_at_random(
    arguments: Sequence[str], kills: int, whole_seconds: float, chance: random.Random
) -> None:
    """Start a command up to `kills` times and kill it at some moment of its whole time."""
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mf_backend", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=backend_environment(),
        )
        time.sleep(chance.uniform(0.1, 1.0) * whole_seconds)
        process.kill()
        process.wait()


def kill_and_finish(
    job: JobFolder, kills: int, whole_seconds: float, truth: Tree, chance: random.Random
) -> list[str]:
    """Kill a job up to `kills` times, let it end, and compare; one list of findings."""
    kill_at_random(["run", str(job.path)], kills, whole_seconds, chance)
    found = faults_of(run_backend("run", str(job.path), seconds=300), 0)
    found += differences(truth, read_tree(job.path, PARTS))
    hidden = [p.name for p in job.path.rglob(".*") if p.is_file()]
    return found + [f"left behind: {name}" for name in hidden]


def campaign(
    tally: Tally, make: Callable[[str], JobFolder], kills: int, each: int, chance: random.Random
) -> None:
    """Kill jobs `kills` times in all, `each` times a job."""
    whole = make("undisturbed")
    begun = time.monotonic()
    done = backend("run", str(whole.path), timeout=300)
    assert done.returncode == 0, done.stderr
    seconds = time.monotonic() - begun
    truth = read_tree(whole.path, PARTS)
    number = 0
    while tally.tried < kills:
        now = min(each, kills - tally.tried)
        found = kill_and_finish(make(f"killed {number}"), now, seconds, truth, chance)
        tally.findings += [f"job {number}: {said}" for said in found]
        tally.tried += now
        number += 1


@pytest.mark.slow
def test_preview_killed(
    ground: Path, scaled: Callable[[int], int], chance: random.Random,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    tally = Tally("kills, preview")

    def make(name: str) -> JobFolder:
        return make_job(ground, f"preview {name}", COUNT, SIZE)

    campaign(tally, make, scaled(60), 6, chance)
    tally.close(request)


@pytest.mark.slow
def test_diffusion_killed(
    ground: Path, scaled: Callable[[int], int], chance: random.Random,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    from mf_backend.weights.tiny import make_tiny_set

    tally = Tally("kills, diffusion")
    weights = ground / "weights ü"
    make_tiny_set(weights)

    def make(name: str) -> JobFolder:
        return make_job(
            ground, f"diffusion {name}", 4, (64, 64), weights=str(weights),
            engine="motionfollower", device="cpu", steps=4,
        )  # fmt: skip

    campaign(tally, make, scaled(40), 5, chance)
    tally.close(request)


@pytest.mark.slow
def test_estimated_killed(
    ground: Path, shared: Path, scaled: Callable[[int], int], chance: random.Random,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """With the actor's joints and masks estimated from a real clip."""
    from dataclasses import replace

    from mf_backend.contracts.files import write_npz
    from mf_backend.contracts.request import Reference, read_request
    from mf_backend.jobs.disk.folder import create_job
    from tests.backend.tiny_job import figure_joints

    tally = Tally("kills, estimated")
    plain = read_request(make_job(ground, "for its request", COUNT, SIZE).request)
    clip = shared / "clips" / "case-1" / "source_images"

    def make(name: str) -> JobFolder:
        reference = replace(plain.reference, path=str(clip), count=3)
        assert isinstance(reference, Reference)
        settings = replace(plain.settings, source_joints="", source_masks="")
        request = replace(plain, id=name, reference=reference, settings=settings)
        job = create_job(ground / f"estimated {name}", request)
        target = figure_joints(3, (512, 512), 0.9)
        write_npz(job.inputs / "target_joints.npz", target=target, size=(512, 512))
        return job

    campaign(tally, make, scaled(8), 2, chance)
    tally.close(request)


@pytest.mark.slow
def test_analysis_killed(
    ground: Path, shared: Path, scaled: Callable[[int], int], chance: random.Random,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """An actor's analysis, of some frames first and then of more."""
    import cv2

    from mf_backend.clip.picture_file import read_image
    from tests.backend.conftest import write_frames

    tally = Tally("kills, analysis")
    files = sorted((shared / "clips" / "case-1" / "source_images").iterdir())
    small = [cv2.resize(read_image(file), (256, 256)) for file in files[:5]]
    clip = str(write_frames(ground / "walk", small))

    def analyse(root: str, count: int) -> list[str]:
        return ["analyse", clip, "--out", str(ground / root), "--count", str(count)]

    def results(root: str) -> Tree:
        (folder,) = (ground / root).iterdir()
        left = read_tree(folder)
        return {k: v for k, v in left.items() if not k.startswith(("findings/", "log.txt"))}

    begun = time.monotonic()
    for count in (3, 5):
        assert backend(*analyse("actors", count), timeout=300).returncode == 0
    seconds = (time.monotonic() - begun) / 2
    truth = results("actors")
    kills, number = scaled(10), 0
    while tally.tried < kills:
        root = f"actors {number}"
        for count in (3, 5):
            now = min(2, kills - tally.tried)
            kill_at_random(analyse(root, count), now, seconds, chance)
            tally.tried += now
            tally.findings += faults_of(run_backend(*analyse(root, count), seconds=300), 0)
        tally.findings += [f"{root}: {said}" for said in differences(truth, results(root))]
        number += 1
    tally.close(request)


_MEND = """
import sys
from pathlib import Path
from mf_backend.actor.mends.mask_layers import MaskRole
from mf_backend.jobs.analysis.layers.painted import MaskChanges, Painted
painted = [Painted(MaskRole(role), Path(path)) for role, path in
           zip(sys.argv[2::2], sys.argv[3::2])]
MaskChanges(painted).make(Path(sys.argv[1]), (160, 120), range(20))
"""


@pytest.mark.slow
def test_mask_corrections_killed(
    ground: Path, scaled: Callable[[int], int], chance: random.Random,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """Painted masks on their way into an actor's store, over others that were there."""
    import numpy as np

    from mf_backend.actor.mends.mask_file import read_layers, read_picture
    from tests.backend.tiny_job import write_picture

    tally = Tally("kills, mask corrections")
    noise = np.random.default_rng(3)
    for role in ("add", "cut"):
        for frame in range(20):
            picture = noise.integers(0, 255, (120, 160), dtype=np.uint8)
            write_picture(ground / f"to {role}" / f"frame_{frame}.png", picture)
    first = ("add", str(ground / "to cut"))
    both = ("add", str(ground / "to add"), "cut", str(ground / "to cut"))

    def mend(mends: Path, masks: Sequence[str], seconds: float | None = None) -> None:
        arguments = [sys.executable, "-P", "-c", _MEND, str(mends), *masks]
        process = subprocess.Popen(arguments, env=backend_environment())
        if seconds is None:
            assert process.wait() == 0
            return
        time.sleep(seconds)
        process.kill()
        process.wait()

    truth = ground / "mended"
    mend(truth, first)
    begun = time.monotonic()
    mend(truth, both)
    seconds = time.monotonic() - begun
    for number in range(scaled(8)):
        mends = ground / f"mended {number}"
        mend(mends, first)
        mend(mends, both, chance.uniform(0.3, 1.0) * seconds)
        for layer in read_layers(mends):
            for stretch in layer.stretches:
                assert read_picture(mends, layer, stretch.sha256)
        for left in mends.rglob(".mf-part-*"):
            os.utime(left, (0, 0))
        mend(mends, both)
        tally.add(*differences(read_tree(truth), read_tree(mends)))
    tally.close(request)
