"""Every kind of file that a job leaves, damaged: found, said, made again, and then as before."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import Backend
from tests.faults.judging import faults_of_failure, run_job
from tests.faults.tally import Tally
from tests.faults.trees import Tree, differences, read_tree

Damage = Callable[[bytes, random.Random], bytes]


def _zeros(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(max(1, len(data) - 40))
    return data[:start] + bytes(min(40, len(data) - start)) + data[start + 40 :]


def _flips(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(3):
        changed[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    return bytes(changed)


DAMAGES: dict[str, Damage] = {
    "emptied": lambda data, _: b"",
    "cut in half": lambda data, _: data[: len(data) // 2],
    "3 bytes changed": _flips,
    "a block of zeros": _zeros,
    "random bytes": lambda data, chance: chance.randbytes(len(data)),
}
ASKED = ("job.json", "inputs/target_joints.npz")
"""What a person gave: it cannot be made again, so damage to it is refused or does not count."""
SAID = ("log.txt", "lock", "report.json", "state.json")
"""What only tells how the job went."""


def damaged(job: JobFolder, damage: Damage, name: str, chance: random.Random) -> bool:
    """Damage one file; False where that changed nothing."""
    path = job.path / name
    before = path.read_bytes()
    if not before:
        return False
    path.write_bytes(damage(before, chance))
    return path.read_bytes() != before


def half_done(job: JobFolder) -> None:
    """Take away what the last stages left, as if the job had been killed while rendering."""
    for path in sorted(job.frames.iterdir())[3:]:
        path.unlink()
    job.mp4.unlink()
    job.report.unlink()
    text = job.state.read_text(encoding="utf-8")
    job.state.write_text(text.replace('"done"', '"running"'), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("when", ["after the end", "while rendering"])
def test_damaged_files(
    ground: Path, whole: JobFolder, truth: Tree, server: Backend, when: str,
    scaled: Callable[[int], int], chance: random.Random, request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    tally = Tally(f"damaged files, {when}")
    folder = ground / f"damaged {when}"
    names = sorted(name for name in read_tree(whole.path) if name != "lock")
    kinds = [(name, kind) for name in names for kind in DAMAGES]
    chance.shuffle(kinds)
    wanted = max(15, scaled(60))  # most kinds of file in any case
    for name, kind in sorted(kinds, key=lambda pair: _seen_before(pair, kinds)):
        if tally.tried >= wanted:
            break
        shutil.copytree(whole.path, folder)
        job = JobFolder(folder)
        if when == "while rendering":
            half_done(job)
        if not (job.path / name).is_file() or not damaged(job, DAMAGES[kind], name, chance):
            shutil.rmtree(folder)
            continue
        told = run_job(server, folder)
        found = []
        if told["status"] == "done":
            found = differences(truth, read_tree(folder, ("outputs", "work/conditions")))
        elif name in ASKED:
            found = faults_of_failure(told)
        else:
            found = [f"it did not end: {told['message'][:200]}"]
        tally.add(*(f"{name} {kind}: {said}" for said in found[:2]))
        shutil.rmtree(folder)
    tally.close(request)


def _seen_before(kind: tuple[str, str], kinds: list[tuple[str, str]]) -> int:
    """Puts one of each kind of file first: numbered frames count as one kind."""
    plain = "".join(letter for letter in kind[0] if not letter.isdigit())
    same = [k for k in kinds if "".join(x for x in k[0] if not x.isdigit()) == plain]
    return same.index(kind)
