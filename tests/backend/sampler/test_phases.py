"""Which mechanisms act at which step."""

from __future__ import annotations

import pytest

from mf_backend.contracts.errors import InputError
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import Phases, SamplerOptions
from mf_backend.sampler.units import Stage, list_units


def _table(options: SamplerOptions) -> dict[str, list[int]]:
    phases, steps = Phases(options), range(options.steps)
    return {
        "guided": [i for i in steps if phases.guided(i)],
        "replayed": [i for i in steps if phases.replays(i) == 3],
        "noisy": [i for i in steps if phases.noisy(i)],
        "injecting": [i for i in steps if phases.injecting(i)],
    }


def test_fifty_steps_have_the_released_phases_in_both_behaviours() -> None:
    expected = {
        "guided": [*range(10), *range(10, 30, 2)],
        "replayed": [22, 24, 26, 28],
        "noisy": list(range(11, 20)),
        "injecting": list(range(20, 50)),
    }
    assert _table(SamplerOptions.released(moving_camera=True)) == expected
    assert _table(SamplerOptions.default(moving_camera=True)) == expected


def test_twenty_steps_lose_phases_as_released_and_have_all_by_default() -> None:
    released = _table(SamplerOptions.released(steps=20, moving_camera=True))
    assert not released["replayed"]
    assert not released["injecting"]
    default = _table(SamplerOptions.default(steps=20, moving_camera=True))
    assert default == {
        "guided": [0, 1, 2, 3, 4, 6, 8, 10],
        "replayed": [10],
        "noisy": [5, 6, 7],
        "injecting": list(range(8, 20)),
    }


def test_without_energy_there_is_neither_guidance_nor_replay() -> None:
    table = _table(SamplerOptions.released(energy_scale=0.0))
    assert not table["guided"]
    assert not table["replayed"]
    assert table["noisy"] == list(range(11, 20))


def test_the_reconstruction_ends_where_nothing_needs_it() -> None:
    phases = Phases(SamplerOptions.default())
    assert [i for i in range(50) if phases.reconstructing(i)] == list(range(29))
    moving = Phases(SamplerOptions.default(moving_camera=True))
    assert all(moving.reconstructing(i) for i in range(50))
    assert Phases(SamplerOptions.default(whole_reconstruction=True)).reconstructing(49)


def test_units_cover_replays_and_windows_in_order() -> None:
    units = list_units(SamplerOptions.default(), 2, MemoryPlan())
    of_22 = [(u.replay, u.stage, u.window, u.last) for u in units if u.step == 22]
    expected = []
    for replay in range(3):
        expected += [(replay, Stage.DENOISE, window, False) for window in range(2)]
        if replay < 2:
            expected += [(replay, Stage.RENOISE, window, False) for window in range(2)]
    expected[-1] = (2, Stage.DENOISE, 1, True)
    assert of_22 == expected
    assert sum(unit.last for unit in units) == 50


def test_the_draft_costs_a_ninth_of_the_released_work() -> None:
    released = SamplerOptions.released(discarded_renoising=True, whole_reconstruction=True)
    plan = MemoryPlan(kept=1)
    whole = sum(unit.cost for unit in list_units(released, 1, plan))
    draft = SamplerOptions.draft()
    cost = sum(unit.cost for unit in list_units(draft, 1, MemoryPlan()))
    assert cost / whole == pytest.approx(1 / 9, rel=0.1)
    assert _table(draft)["guided"] == [0, 1, 2, 4]
    assert not _table(draft)["replayed"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"steps": 0}, "Steps"),
        ({"cfg": 0.5}, "cfg"),
        ({"cfg": float("nan")}, "cfg"),
        ({"energy_scale": -1.0}, "score guidance"),
        ({"window_frames": 4, "window_overlap": 4}, "window"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, float], word: str) -> None:
    with pytest.raises(InputError, match=word):
        SamplerOptions.default(**changes)
