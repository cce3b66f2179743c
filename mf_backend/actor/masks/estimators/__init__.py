"""Mask estimators: who of a frame's pixels is a person.

To add one: a module with a class as `base.MaskEstimator` describes, and its line in ESTIMATORS.
From another package: an entry point NAME = "module:Class" of the group mf_backend.mask_estimators.
"""

from __future__ import annotations

from mf_backend.actor.masks.estimators.base import MaskEstimator
from mf_backend.contracts.request import Settings
from mf_backend.contracts.tables import Table

_HERE = "mf_backend.actor.masks.estimators"
ESTIMATORS: Table[MaskEstimator] = Table(
    "mask estimator",
    MaskEstimator,
    {
        "rvm": f"{_HERE}.rvm:RobustVideoMatting",
        "mediapipe": f"{_HERE}.mediapipe:MediapipeSegmentation",
        "birefnet": f"{_HERE}.birefnet:BiRefNetPortrait",
        "sam2": f"{_HERE}.sam2:SegmentAnything2",
    },
    group="mf_backend.mask_estimators",
)
DEFAULT = "rvm"
"""What settings without a name mean."""
ALWAYS_HERE = ("rvm", "mediapipe")
"""Those whose models come with the backend's packages, better one first."""


def estimator_names() -> tuple[str, ...]:
    """Names that `load_estimator` takes."""
    return ESTIMATORS.names()


def load_estimator(name: str) -> MaskEstimator:
    """Make an estimator by name; the empty name is the default.

    Raises InputError for an unknown name and MissingComponentError for another package's that is
    broken.
    """
    return ESTIMATORS.load(name or DEFAULT)


def check_estimator(settings: Settings) -> None:
    """Raise what the masks of these settings would, loading no network.

    Before any other work: the joints of a long clip take minutes.
    """
    estimator = load_estimator(settings.mask_estimator)
    if not settings.source_masks:
        estimator.require()
