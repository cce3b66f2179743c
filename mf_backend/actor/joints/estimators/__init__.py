"""Joint estimators: where the actor's body and hands are on every frame.

To add one: a module with a class as `base.JointEstimator` describes, and its line in ESTIMATORS at
the place that it deserves: the first whose parts are on this machine is taken.
"""

from __future__ import annotations

from mf_backend.actor.joints.estimators.base import JointEstimator
from mf_backend.contracts.errors import MissingComponentError
from mf_backend.contracts.tables import Table

_HERE = "mf_backend.actor.joints.estimators"
ESTIMATORS: Table[JointEstimator] = Table(
    "joint estimator",
    JointEstimator,
    {
        "dwpose": f"{_HERE}.dwpose:DWPose",
        "heavy": f"{_HERE}.mediapipe:HeavyPose",
        "full": f"{_HERE}.mediapipe:FullPose",
    },
)
"""Best first."""


def best_estimator() -> JointEstimator:
    """The best estimator on this machine.

    Raises MissingComponentError, with how to get the last of the table, where none is here.
    """
    *better, last = (ESTIMATORS.load(name) for name in ESTIMATORS.names())
    for estimator in better:
        try:
            estimator.require()
        except MissingComponentError:
            continue
        return estimator
    last.require()
    return last
