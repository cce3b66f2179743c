"""Fit the weights in mf_backend/actor/joints/pose_correction.json on cases with known joints.

    python tests/quality/fit_pose_correction.py CASE [CASE ...] [--write]

Each CASE is a folder with `source_images`, `target_images` and `reference_body_joints.npz`. Prints
the error of the body joints without correction, and with weights fitted on the other cases only;
`--write` stores weights fitted on all of them. Reference joints are integer disc centres made by
truncation, so half a pixel is added to them. Joints within 4 pixels of the border and ankles are
left out: the reference invents those.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints import pose_correction as correction
from mf_backend.actor.joints.person_choice import choose_anchor
from mf_backend.actor.joints.person_track import find_people, follow
from mf_backend.actor.joints.pose_models import PoseModel, model_file
from mf_backend.actor.joints.pose_views import PoseEstimator
from mf_backend.clip import open_clip, reference_for
from mf_backend.contracts.files import write_json

Floats = NDArray[np.float64]

_BORDER = 4
_TRUNCATED = 0.5
_RIDGE = 0.01
_LARGEST = 0.25
"""Residuals over this part of the torso's length are mistakes of either side, not of definition."""
_ANKLES = (10, 13)
_OUT = Path(__file__).resolve().parents[2] / "mf_backend/actor/joints/pose_correction.json"

Sample = tuple[str, Floats, Floats]
"""(case, landmarks [frames, 33, 2], reference joints [frames, 18, 2])."""


def estimate(images: Path, model: PoseModel) -> Floats:
    """Landmarks [frames, 33, 2] of the main person; NaN where not found."""
    with open_clip(reference_for(images)) as clip, PoseEstimator(model) as estimator:
        people = [find_people(estimator, picture) for picture in clip.frames()]
        track = follow(people, choose_anchor(people, ()))
        found = np.full((clip.count, 33, 2), np.nan)
        for index, near in enumerate(track):
            reading = estimator.person(clip.read(index), near) if near is not None else None
            if reading is not None:
                found[index] = reading.points
    return found


def usable(reference: Floats) -> NDArray[np.bool_]:
    """Which reference joints can be trusted [frames, 18]."""
    inside = np.isfinite(reference).all(axis=-1)
    inside &= (reference >= _BORDER).all(axis=-1) & (reference < 512 - _BORDER).all(axis=-1)
    inside[:, list(_ANKLES)] = False
    return inside


def torso(points: Floats) -> Floats:
    """Length of the torso [frames]."""
    shoulders, hips = points[:, 11:13].mean(axis=1), points[:, 23:25].mean(axis=1)
    length: Floats = np.linalg.norm(shoulders - hips, axis=-1)
    return length


def fit(samples: list[Sample]) -> dict[int, Floats]:
    """Weights by ridge regression with residuals weighted down where large (L1-like)."""
    table: dict[int, Floats] = {}
    for joint in correction.VECTORS:
        rows, values = [], []
        for _, points, reference in samples:
            scale = torso(points)
            for left in (False, True) if joint in correction.LEFT_OF else (False,):
                index = correction.LEFT_OF[joint] if left else joint
                x = correction.features(points, joint, left) / scale[:, None, None]
                plain = correction.plain_body(points)[:, index]
                y = (reference[:, index] + _TRUNCATED - plain) / scale[:, None]
                good = usable(reference)[:, index] & np.isfinite(y).all(axis=-1)
                good &= np.abs(np.nan_to_num(y, nan=9.0)).max(axis=-1) < _LARGEST
                rows.append(x[good].reshape(-1, x.shape[-1]))
                values.append(y[good].ravel())
        a, b = np.concatenate(rows), np.concatenate(values)
        importance = np.ones(len(b))
        for _ in range(5):
            weighted = a * importance[:, None]
            ridge = _RIDGE * len(b) * np.eye(a.shape[1])
            table[joint] = np.linalg.solve(weighted.T @ a + ridge, weighted.T @ b)
            importance = 1 / np.maximum(np.abs(b - a @ table[joint]), 0.02)
            importance /= importance.mean()
    return table


def error(samples: list[Sample], table: dict[int, Floats]) -> float:
    """Mean distance in pixels over samples of the mean over joints."""
    means = []
    for _, points, reference in samples:
        body = correction.body_joints(points, table)
        distance = np.linalg.norm(body - reference - _TRUNCATED, axis=-1)
        means.append(np.nanmean(np.where(usable(reference), distance, np.nan)))
    return float(np.mean(means))


def main() -> int:
    """Fit, cross-validate, and store if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    stored: dict[str, dict[str, list[float]]] = {}
    for model in PoseModel:
        if model_file(model) is None:
            print(f"{model}: the model is not on this machine", file=sys.stderr)
            continue
        samples: list[Sample] = []
        for case in args.cases:
            with np.load(case / "reference_body_joints.npz") as data:
                for side in ("source", "target"):
                    points = estimate(case / f"{side}_images", model)
                    reference = data[f"{side}_poses"].astype(np.float64)
                    samples.append((case.name, points, reference))
        left_out = [
            error([s for s in samples if s[0] == name], fit([s for s in samples if s[0] != name]))
            for name in {s[0] for s in samples}
        ]
        print(
            f"{model}: plain {error(samples, {}):.2f} px, corrected by weights from the other "
            f"cases {np.mean(left_out):.2f} px"
        )
        table = fit(samples)
        stored[str(model)] = {str(j): [round(float(v), 5) for v in w] for j, w in table.items()}
    if args.write:
        about = (
            "Weights of the vectors in pose_correction.py, fitted by "
            "tests/quality/fit_pose_correction.py on the skeletons of the reference cases "
            + ", ".join(sorted(case.name for case in args.cases))
        )
        write_json(_OUT, {"about": about, "weights": stored})
    return 0


if __name__ == "__main__":
    sys.exit(main())
