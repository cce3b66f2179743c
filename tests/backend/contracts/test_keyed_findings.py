"""What is kept under a key: taken again for the same input only, made anew for every other."""

from pathlib import Path

import numpy as np
import pytest

from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.findings import Arrays, KeyedFindings, key_of
from mf_backend.jobs.analysis.findings import DiskFindings

WANTED = {"sum": WantedArray(({3},), "[3]")}


def test_the_same_input_is_found_again_and_another_made_anew(odd_path: Path) -> None:
    made = []

    def total(values: np.ndarray) -> Arrays:
        def make() -> Arrays:
            made.append(values)
            return {"sum": values.sum(axis=0)}

        kept = KeyedFindings(DiskFindings(odd_path, 0), key_of(["1", values]))
        return kept.load_or_make("sums", 0, WANTED, make)

    once, other = np.arange(12.0).reshape(4, 3), np.ones((4, 3))
    for values, times in ((once, 1), (once, 1), (other, 2), (other, 2), (once, 3)):
        found = total(values)
        assert list(found) == ["sum"]
        assert found["sum"] == pytest.approx(values.sum(axis=0))
        assert len(made) == times
    (file,) = odd_path.rglob("*.npz")
    file.write_bytes(file.read_bytes()[:-40])
    assert total(once)["sum"] == pytest.approx(once.sum(axis=0))
    assert len(made) == 4


def test_a_key_is_of_every_part_and_of_values_not_of_how_they_lie() -> None:
    values = np.arange(6, dtype=np.int32).reshape(2, 3)
    key = key_of(["1", values])
    assert key.shape == (32,)
    assert np.array_equal(key, key_of(["1", np.asfortranarray(values)]))
    for other in (["2", values], ["1", values + 1], ["1", values, "more"], [values, "1"]):
        assert not np.array_equal(key, key_of(other))
