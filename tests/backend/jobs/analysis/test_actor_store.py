"""The store of an actor: found once, used in parts, made longer, mended where it is damaged."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.actor.store.about import read_about
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.actor.store.reading import load_joints
from mf_backend.clip import hash_clip, reference_for
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import Reference, Settings
from mf_backend.jobs.analysis.holding import hold_actor
from mf_backend.jobs.analysis.run import ActorOrder, AnalysisResult, analyse_clip
from mf_backend.jobs.analysis.wish import Wish
from mf_backend.jobs.record.inputs import InputsChangedError
from mf_backend.jobs.tracker import Progress
from tests.backend.conftest import write_frames

COUNT = 5


class Listener:
    """Keeps what it hears; may do something at the first step that is called so."""

    def __init__(self, note: str = "", then: object = None) -> None:
        self.notes: list[str] = []
        self.warnings: dict[str, str] = {}
        self._note, self._then = note, then

    def progress(self, progress: Progress) -> None:
        self.notes.append(progress.note)
        if callable(self._then) and progress.note == self._note:
            then, self._then = self._then, None
            then()

    def warning(self, code: str, message: str) -> None:
        self.warnings[code] = message


def analyse(
    clip: Path, root: Path, first: int = 0, count: int = COUNT, listener: Listener | None = None,
    **settings: object,
) -> AnalysisResult:  # fmt: skip
    reference: Reference = reference_for(clip, first, count)
    listener = listener or Listener()
    order = ActorOrder(reference, Settings(**settings), root, listener, threading.Event())
    return analyse_clip(order)


def results(folder: Path) -> dict[str, bytes]:
    """What an analysis is for: all but the log, and what it goes on from."""
    kept = ("masks", "alpha", "quality")
    files = [path for name in kept for path in (folder / name).iterdir()]
    files += [folder / "actor.json", folder / "joints.npz"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def clip(actor: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = [cv2.resize(frame, (256, 256), interpolation=cv2.INTER_AREA) for frame in actor[:COUNT]]
    return write_frames(tmp_path_factory.mktemp("clip ü") / "walk", small)


@pytest.fixture(scope="module")
def analysed(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of actors in which the clip's is; to be copied, not changed."""
    root = tmp_path_factory.mktemp("analysed") / "actors"
    result = analyse(clip, root)
    assert (result.made, result.first, result.last) == (COUNT, 0, COUNT - 1)
    return root


@pytest.fixture
def root(analysed: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it."""
    shutil.copytree(analysed, tmp_path / "actors")
    yield tmp_path / "actors"


def folder_in(root: Path) -> Path:
    (folder,) = root.iterdir()
    return folder


def test_what_is_there_is_not_made_again(clip: Path, root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder_in(root).rglob("*.png")}
    listener = Listener()
    assert analyse(clip, root, listener=listener).made == 0
    assert analyse(clip, root, first=1, count=2).made == 0
    assert not {"joints", "mattes", "masks"} & set(listener.notes)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_longer_range_adds_what_is_missing(clip: Path, analysed: Path, tmp_path: Path) -> None:
    root = tmp_path / "actors"
    assert analyse(clip, root, first=2, count=1).made == 1
    folder = folder_in(root)
    found = {path: path.stat().st_mtime_ns for path in (folder / "findings").rglob("frame*.npz")}
    mattes = [path for path in found if path.parent.name != "state-rvm"]
    assert analyse(clip, root).made == COUNT
    assert {path: path.stat().st_mtime_ns for path in mattes} == {p: found[p] for p in mattes}
    about = read_about(folder / "actor.json")
    assert about is not None
    assert [(part.first, part.last) for part in about.parts] == [(0, COUNT - 1)]
    whole, longer = (load_joints(ActorFolder(folder_in(r))) for r in (analysed, root))
    assert np.array_equal(longer["frames"], np.arange(COUNT))
    assert np.allclose(whole["source"], longer["source"], atol=1e-4, equal_nan=True)
    assert results(folder).keys() == results(folder_in(analysed)).keys()


def test_parts_that_do_not_meet_lie_side_by_side(clip: Path, tmp_path: Path) -> None:
    root = tmp_path / "actors"
    analyse(clip, root, first=4, count=1)
    analyse(clip, root, first=0, count=2)
    folder = folder_in(root)
    about = read_about(folder / "actor.json")
    assert about is not None
    assert [(part.first, part.last) for part in about.parts] == [(0, 1), (4, 4)]
    assert load_joints(ActorFolder(folder))["frames"].tolist() == [0, 1, 4]
    assert sorted(p.name for p in (folder / "masks").iterdir()) == [
        "frame_0.png", "frame_1.png", "frame_4.png"
    ]  # fmt: skip
    assert analyse(clip, root, first=4, count=1).made == 0


@pytest.mark.parametrize("name", ["masks/frame_2.png", "joints.npz"])
def test_damage_is_found_and_made_again(clip: Path, root: Path, name: str) -> None:
    folder = folder_in(root)
    before = results(folder)
    (folder / name).write_bytes(before[name][:-9])
    listener = Listener()
    assert analyse(clip, root, listener=listener).made == COUNT
    assert name in listener.warnings["actor-changed"]
    assert results(folder) == before


def test_a_damaged_actor_json_is_found_again(clip: Path, root: Path) -> None:
    folder = folder_in(root)
    before = results(folder)
    (folder / "actor.json").write_bytes(before["actor.json"][:200])
    listener = Listener()
    assert analyse(clip, root, listener=listener).made == COUNT
    assert "actor.json was damaged" in listener.warnings["actor-damaged"]
    assert results(folder) == before


def test_another_version_and_another_actor_are_refused(clip: Path, root: Path) -> None:
    folder = folder_in(root)
    about = json.loads((folder / "actor.json").read_text())
    (folder / "actor.json").write_text(json.dumps({**about, "schema": 9}))
    with pytest.raises(InputError, match="schema 9") as told:
        analyse(clip, root)
    assert told.value.code == "actor-schema"


def test_names_in_actor_json_lead_nowhere_else(clip: Path, root: Path, tmp_path: Path) -> None:
    from mf_backend.contracts.files import hash_value

    secret = tmp_path / "secret.png"
    secret.write_bytes(b"not the actor's")
    folder = folder_in(root)
    value = json.loads((folder / "actor.json").read_text())
    files = value["parts"][0]["files"]
    files["../../secret.png"] = files.pop("masks/frame_1.png")
    del value["sha256"]
    (folder / "actor.json").write_text(json.dumps({**value, "sha256": hash_value(value)}))
    listener = Listener()
    assert analyse(clip, root, listener=listener).made == COUNT
    assert "no file of an actor" in listener.warnings["actor-damaged"]
    assert secret.read_bytes() == b"not the actor's"


def test_another_widening_needs_no_network(clip: Path, root: Path) -> None:
    folder = folder_in(root)
    found = {path: path.stat().st_mtime_ns for path in (folder / "findings").rglob("*.npz")}
    before = results(folder)
    assert analyse(clip, root, widen_mask=6.0).made == COUNT
    assert {path: path.stat().st_mtime_ns for path in found} == found
    after = results(folder)
    assert after["joints.npz"] == before["joints.npz"]
    assert after["masks/frame_0.png"] != before["masks/frame_0.png"]


def test_footage_that_was_replaced_is_another_actor(clip: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk"
    shutil.copytree(clip, copy)

    def wished() -> Wish:
        return Wish(reference_for(copy), hash_clip(copy), 0, COUNT - 1, Settings())

    before = wished()
    assert before.folder(tmp_path).path.name.startswith("walk-")
    shutil.copyfile(copy / "frame_1.png", copy / "frame_0.png")
    assert wished().folder(tmp_path) != before.folder(tmp_path)
    # The same person on the same frame of the clip, whichever frames are used.
    one = replace(before, settings=Settings(person=(3, 100, 90)))
    two = replace(before, first=2, settings=Settings(person=(1, 100, 90)))
    clicked = replace(before, first=2, settings=Settings(clicks=((3.0, 100.0, 90.0),)))
    twice = replace(before, settings=Settings(clicks=((1.0, 90.0, 90.0), (3.0, 100.0, 90.0))))
    assert one.id == two.id == clicked.id != before.id
    assert twice.id not in (one.id, before.id)


def test_footage_that_changes_meanwhile_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    copy, root = tmp_path / "walk", tmp_path / "actors"
    shutil.copytree(clip, copy)

    def exchange() -> None:
        shutil.copyfile(copy / "frame_1.png", copy / "frame_0.png")

    with pytest.raises(InputsChangedError, match="changed while the job ran"):
        analyse(copy, root, count=2, listener=Listener("edges", exchange))
    folder = folder_in(root)
    assert not list((folder / "findings").rglob("frame*.npz"))
    assert not (folder / "actor.json").exists()


def test_a_second_process_waits_for_the_first(clip: Path, root: Path) -> None:
    from mf_backend.contracts.progress import NullReporter

    listener = Listener()
    told: list[AnalysisResult] = []
    waiting = threading.Thread(target=lambda: told.append(analyse(clip, root, listener=listener)))
    with hold_actor(ActorFolder(folder_in(root)), NullReporter()):
        waiting.start()
        waiting.join(2.5)
        assert waiting.is_alive() and not told
    waiting.join(20)
    assert told and told[0].made == 0
    assert "waits for what it finds" in listener.warnings["actor-waiting"]


def test_mends_are_never_touched(clip: Path, root: Path) -> None:
    mends = folder_in(root) / "mends" / "masks" / "cut"
    mends.mkdir(parents=True)
    (mends / "frame_1.png").write_bytes(b"a person's own")
    (folder_in(root) / "actor.json").unlink()
    assert analyse(clip, root).made == COUNT
    assert (mends / "frame_1.png").read_bytes() == b"a person's own"


def test_a_click_on_any_frame_serves_every_range(clip: Path, root: Path) -> None:
    """Whoever is clicked on is an actor of his own; who is there at all is known already."""
    first = folder_in(root)
    found = load_joints(ActorFolder(first))
    assert found["people"].shape[:2] == (COUNT, 1)
    x, y = np.nanmean(found["source"][1, [2, 5, 8, 11]], axis=0)
    looked = {p: p.stat().st_mtime_ns for p in (first / "findings").rglob("frame*.npz")}
    clicks = ((1.0, float(x), float(y)),)
    result = analyse(clip, root, first=3, count=1, clicks=clicks)
    assert result.folder != first and (result.first, result.last, result.made) == (3, 3, 3)
    about = read_about(result.folder / "actor.json")
    assert about is not None and about.person == clicks[0]
    assert [(part.first, part.last) for part in about.parts] == [(1, 3)]
    assert {p: p.stat().st_mtime_ns for p in looked} == looked
    for path in (result.folder / "findings").glob("people-*/frame*.npz"):
        same = first / "findings" / path.parent.name / path.name
        with np.load(path) as own, np.load(same) as others:
            assert all(np.array_equal(own[name], others[name]) for name in others)
    assert analyse(clip, root, first=2, count=1, clicks=clicks).made == 0


def test_a_person_is_pointed_at_in_one_way(clip: Path, root: Path) -> None:
    with pytest.raises(InputError, match="both by `person` and by `clicks`"):
        analyse(clip, root, person=(0, 3, 3), clicks=((0.0, 3.0, 250.0),))
