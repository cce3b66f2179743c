"""Memory presets: the prediction, the choice, and the refusal of what cannot fit."""

from __future__ import annotations

import pytest
import torch

from mf_backend.contracts.errors import InputError, MemoryShortError
from mf_backend.contracts.machine.devices import Device
from mf_backend.engines.motionfollower.memory.prediction import predict_peak
from mf_backend.engines.motionfollower.memory.presets import (
    GIB,
    PRESETS,
    choose_preset,
    expected_peak,
    plan_of,
    smaller_preset,
)
from mf_backend.models.config import full_config
from mf_backend.sampler.options import SamplerOptions

CARD = Device(torch.device("cuda"), torch.float16)
DEFAULT = SamplerOptions.default()


def choose(wanted: str, free: float, frames: int = 24, options: SamplerOptions = DEFAULT) -> str:
    preset = choose_preset(
        wanted,
        CARD,
        full_config(),
        options,
        frames=frames,
        size=(512, 512),
        free=int(free * GIB),
    )
    assert preset.peak <= free * GIB
    return preset.name


@pytest.mark.parametrize(
    ("free", "name"), [(5.4, "6"), (6.1, "8"), (11.0, "12"), (20.0, "24"), (75.0, "48")]
)
def test_auto_takes_the_largest_that_fits(free: float, name: str) -> None:
    assert choose("auto", free) == name


@pytest.mark.parametrize("name", ["6", "8", "12", "24"])
def test_a_window_of_24_frames_fits_every_card(name: str) -> None:
    assert choose(name, 80.0) == name


@pytest.mark.parametrize("frames", [24, 32])
def test_the_longest_window_fits_the_smallest_card(frames: int) -> None:
    assert choose("6", 5.5, frames) == choose("auto", 5.5, frames) == "6"


def test_what_the_refusal_names_really_fits() -> None:
    released = SamplerOptions.released(moving_camera=True)
    with pytest.raises(MemoryShortError) as caught:
        choose("6", 5.4, 32, released)
    assert "default sampler without the moving camera" in caught.value.hint
    assert choose("6", 5.4, 32, SamplerOptions.default()) == "6"


def test_peaks_grow_from_preset_to_preset() -> None:
    peaks = [
        expected_peak(
            x.name, full_config(), DEFAULT, frames=24, size=(512, 512), dtype=torch.float16
        )
        for x in PRESETS
    ]
    assert peaks == sorted(peaks)
    assert peaks[0] <= 5.0 * GIB and peaks[1] <= 6.5 * GIB


def test_what_cannot_fit_is_refused_with_what_would() -> None:
    with pytest.raises(MemoryShortError, match=r"--memory 6") as caught:
        choose("24", 5.4)
    assert int(caught.value.exit_code) == 4
    with pytest.raises(MemoryShortError, match="smallest preset"):
        choose("auto", 3.0)
    with pytest.raises(MemoryShortError, match="--memory 6 and the default sampler"):
        choose("6", 5.4, options=SamplerOptions.released())
    with pytest.raises(InputError, match="auto, 6, 8, 12, 24"):
        choose("48", 80.0)


def test_the_released_second_network_counts() -> None:
    released = SamplerOptions.released()
    with pytest.raises(MemoryShortError):
        choose("6", 80.0, options=released)
    assert choose("12", 80.0, options=released) == "12"


def test_each_preset_has_a_finer_one_below_it() -> None:
    names = []
    preset = PRESETS[-1]
    while (below := smaller_preset(preset)) is not None:
        assert below.plan != preset.plan
        names.append(below.name)
        preset = below
    assert names == ["24", "12", "8", "6"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["8", "24"])
def test_prediction_is_right_between_the_fitted_points(name: str) -> None:
    """Counted anew on the meta device, at another size and number of frames."""
    config, size = full_config(), (448, 512)
    predicted = expected_peak(name, config, DEFAULT, frames=16, size=size, dtype=torch.float16)
    counted = predict_peak(
        config, DEFAULT, plan_of(name), frames=16, size=size, dtype=torch.float16
    )
    assert predicted == pytest.approx(counted, rel=0.1)
