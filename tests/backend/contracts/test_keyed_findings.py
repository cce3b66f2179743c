"""What is kept under a key: taken again for the same input only, made anew for every other."""

from pathlib import Path

import numpy as np
import pytest

from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.findings import Arrays, Findings, KeyedFindings, key_of
from mf_backend.jobs.analysis.findings import DiskFindings, RunFindings

WANTED = {"sum": WantedArray(({3},), "[3]")}


class Sums:
    """Sums of columns, made where they are not kept, and how often that was."""

    def __init__(self, findings: Findings) -> None:
        self.findings, self.made = findings, 0

    def of(self, values: np.ndarray) -> np.ndarray:
        kept = KeyedFindings(self.findings, key_of(["1", values]))

        def make() -> Arrays:
            self.made += 1
            return {"sum": values.sum(axis=0)}

        found = kept.load_or_make("sums", 0, WANTED, make)
        assert list(found) == ["sum"]
        return found["sum"]


ONCE, OTHER = np.arange(12.0).reshape(4, 3), np.ones((4, 3))


@pytest.mark.parametrize("in_memory", [False, True])
def test_the_same_input_is_found_again_and_another_made_anew(
    odd_path: Path, in_memory: bool
) -> None:
    sums = Sums(RunFindings() if in_memory else DiskFindings(odd_path, 0))
    for values, times in ((ONCE, 1), (ONCE, 1), (OTHER, 2), (OTHER, 2), (ONCE, 3)):
        found = sums.of(values)
        assert found == pytest.approx(values.sum(axis=0))
        assert sums.made == times
        found[:] = 0  # what one reader does to it is no other's business


def test_what_is_damaged_is_made_anew(odd_path: Path) -> None:
    sums = Sums(DiskFindings(odd_path, 0))
    sums.of(ONCE)
    (file,) = odd_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:-40])
    assert sums.of(ONCE) == pytest.approx(ONCE.sum(axis=0))
    assert sums.made == 2


def test_one_run_keeps_neither_what_has_no_key_nor_too_much() -> None:
    findings = RunFindings()
    findings.keep("sums", 0, {"sum": np.ones(3)})
    assert findings.load("sums", 0, WANTED) is None
    large = KeyedFindings(findings, key_of(["large"]))
    for frame in range(5):
        large.keep("large", frame, {"picture": np.zeros(20 << 20, np.uint8)})
    held = [large.load("large", frame, {}) is not None for frame in range(5)]
    assert held == [True, True, True, False, False]


def test_a_key_is_of_every_part_and_of_values_not_of_how_they_lie() -> None:
    values = np.arange(6, dtype=np.int32).reshape(2, 3)
    key = key_of(["1", values])
    assert key.shape == (32,)
    assert np.array_equal(key, key_of(["1", np.asfortranarray(values)]))
    for other in (["2", values], ["1", values + 1], ["1", values, "more"], [values, "1"]):
        assert not np.array_equal(key, key_of(other))
