"""The estimators' model files: present, absent or damaged; and how onnxruntime opens them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import MissingComponentError
from mf_backend.contracts.machine.resources import thread_count
from mf_backend.weights.catalog import OptionalFile


def require_model(item: OptionalFile) -> Path:
    """Where an estimator's model lies; MissingComponentError, with how to get it, where absent."""
    if item.present:
        return item.path
    raise MissingComponentError(
        "mask-estimator-missing",
        f"The mask estimator's model {item.name} is not on this machine.",
        f"{item.how} Or choose the mask estimator rvm, which needs no download.",
    )


def unreadable_model(item: OptionalFile, error: Exception) -> MissingComponentError:
    """What to raise where a model is there but damaged or something else."""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return MissingComponentError(
        "mask-estimator-damaged",
        f"The mask estimator's model {item.path} cannot be loaded: {reason}.",
        f"Delete it and get it again. {item.how}",
    )


def session_options() -> Any:
    """onnxruntime's options: as many threads as OMP_NUM_THREADS says, errors only."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    options.log_severity_level = 3
    return options
