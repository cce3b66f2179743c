"""A batch for engines that speak Open Job Description, and as a bundle for AWS Deadline Cloud.

Field names are those of the template schema 2023-09 and of Deadline Cloud's job bundles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .batch import Batch, Words, bring_in, prepare, render

TEMPLATE = "template.json"
BUNDLE_VALUES = "parameter_values.json"
BUNDLE_ASSETS = "asset_references.json"
VALUES = "parameters.json"
"""The same values as openjd-cli and other runners read them."""

STOP_SECONDS = 120
"""Time between the polite signal and the kill: enough to write a checkpoint."""
_BLENDER_SECONDS = 4 * 3600
_RENDER_SECONDS = 5 * 24 * 3600
"""After so long a take hangs."""

_WORDS = Words(
    blender="{{Param.Blender}}",
    python="{{Param.Python}}",
    blend="{{Param.BlendFile}}",
    shots="{{Param.Shots}}",
    jobs="{{Param.Jobs}}",
    saved="{{Param.Saved}}",
    takes="{{Param.Takes}}",
    take="{{Task.Param.Take}}",
)


def template(batch: Batch) -> dict[str, Any]:
    """The job template: Prepare, then Render with a task for each take, then BringIn."""
    mapping = ("--path-mapping", "{{Session.PathMappingRulesFile}}", "--progress", "openjd")
    rendering: dict[str, Any] = {
        "name": "Render",
        "dependencies": [{"dependsOn": "Prepare"}],
        "parameterSpace": {
            "taskParameterDefinitions": [
                {"name": "Take", "type": "INT", "range": "{{Param.Takes}}"}
            ]
        },
        "script": _script((*render(_WORDS), *mapping), _RENDER_SECONDS),
    }
    if batch.gpu_memory_mib:
        rendering["hostRequirements"] = {
            "amounts": [
                {"name": "amount.worker.gpu", "min": 1},
                {"name": "amount.worker.gpu.memory", "min": batch.gpu_memory_mib},
            ]
        }
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": batch.name,
        "parameterDefinitions": _parameters(batch),
        "steps": [
            {"name": "Prepare", "script": _script(prepare(_WORDS), _BLENDER_SECONDS)},
            rendering,
            {
                "name": "BringIn",
                "dependencies": [{"dependsOn": "Render"}],
                "script": _script(bring_in(_WORDS), _BLENDER_SECONDS),
            },
        ],
    }


def values(batch: Batch, blender: str, python: str) -> dict[str, str]:
    """The template's parameters for this batch, by name."""
    given = {
        "BlendFile": str(batch.blend),
        "Shots": str(batch.shots),
        "Jobs": str(batch.jobs),
        "Saved": str(batch.saved),
        "Takes": batch.takes,
        "Blender": blender,
        "Python": python,
    }
    return given if batch.weights is None else {**given, "Weights": str(batch.weights)}


def bundle_values(batch: Batch, blender: str, python: str) -> dict[str, Any]:
    """The same as a Deadline Cloud bundle has them."""
    items = values(batch, blender, python).items()
    return {"parameterValues": [{"name": name, "value": value} for name, value in items]}


def bundle_assets(batch: Batch) -> dict[str, Any]:
    """What a Deadline Cloud bundle sends along besides the parameters' own files."""
    return {
        "assetReferences": {
            "inputs": {
                "filenames": [str(path) for path in batch.files],
                "directories": [str(path) for path in batch.folders],
            },
            "outputs": {"directories": [str(batch.jobs)]},
            "referencedPaths": [],
        }
    }


def _script(command: Sequence[str], seconds: int) -> dict[str, Any]:
    return {
        "actions": {
            "onRun": {
                "command": command[0],
                "args": list(command[1:]),
                "timeout": seconds,
                # Else the whole tree of processes is killed at once.
                "cancelation": {
                    "mode": "NOTIFY_THEN_TERMINATE",
                    "notifyPeriodInSeconds": STOP_SECONDS,
                },
            }
        }
    }


def _parameters(batch: Batch) -> list[dict[str, Any]]:
    found = [
        _path("BlendFile", "FILE", "IN", "The .blend with the rigs."),
        _path("Shots", "FILE", "IN", "The list of all shots."),
        _path("Jobs", "DIRECTORY", "INOUT", "Folder of the numbered job folders."),
        _path("Saved", "FILE", "OUT", "The .blend with the takes, made at the end."),
    ]
    if batch.weights is not None:
        # Gigabytes that every host has mounted: their path is mapped, they are not sent.
        found.append(_path("Weights", "DIRECTORY", "NONE", "Folder of the engine's weights."))
    return [
        *found,
        _text("Takes", "Which shots, by their place in the list: 1-12 or 1-9:2 or 1,4."),
        _text("Blender", "Command that starts Blender with the add-on on a host."),
        _text("Python", "Command that starts the backend's Python on a host."),
    ]


def _path(name: str, kind: str, flow: str, words: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "PATH",
        "objectType": kind,
        "dataFlow": flow,
        "description": words,
    }


def _text(name: str, words: str) -> dict[str, Any]:
    return {"name": name, "type": "STRING", "description": words}
