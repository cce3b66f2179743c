"""A clip that is tuned to by message, and takes of it that paint with what was learnt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.actor.mends.mask_layers import MaskRole
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.clip import hash_clip, open_clip, write_png
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import ClipKind, JobRequest, Reference, Settings, Target
from mf_backend.engines import load_engine
from mf_backend.jobs.analysis.layers.painted import MaskChanges, Painted
from mf_backend.jobs.analysis.stored import job_actor
from mf_backend.jobs.analysis.wish import Wish
from mf_backend.jobs.tuning.kept import LEFT_OUT, with_adapter
from mf_backend.jobs.tuning.material import clip_of_actor
from mf_backend.weights.adapter import read_about, write_adapter
from tests.backend.conftest import write_frames
from tests.backend.tiny_job import Backend


class Facts:
    """Takes what a job is told of its actor, and knows nothing of it."""

    def known(self, name: str) -> None:
        """Nothing was noted."""

    def fact(self, name: str, value: object) -> None:
        """Nobody asks."""


def test_a_clip_is_tuned_to_and_its_takes_use_that(
    server: Backend, actor: list[np.ndarray], odd_path: Path
) -> None:
    small = [cv2.resize(frame, (128, 128), interpolation=cv2.INTER_AREA) for frame in actor[:8]]
    clip, root = write_frames(odd_path / "walk", small), odd_path / "actors"
    asked = {"path": str(clip), "kind": "images", "actors": str(root), "steps": 2}
    server.answer(server.ask("actor/tune", id="no", settings={"engine": "preview"}, **asked))
    assert server.notice("actor/tuned", "job/failed", id="no")["code"] == "tune-engine"
    given = {"engine": "sample", "device": "cpu"}
    server.answer(server.ask("actor/tune", id="one", settings=given, **asked))
    done = server.notice("actor/tuned", "job/failed", id="one")
    path = Path(done["adapter"])
    assert path.parent.parent == Path(done["actor"]) and (done["frames"], done["kept_out"]) == (
        7,
        1,
    )
    assert [entry.name for entry in path.parent.iterdir()] == ["sample.safetensors"]
    told = [m["params"] for _, m in server.heard if m.get("method") == "job/progress"]
    assert "tuning images" in {p["stage"] for p in told if p["id"] == "one"}
    assert server.close() == 0

    about, engine = read_about(path), load_engine("sample")
    warned: list[str] = []
    settings = Settings(**given, tuned=True)
    reference = Reference(str(clip), ClipKind.IMAGES)
    request = JobRequest("one", reference, Target("a"), settings, actors=str(root))
    sha256 = hash_clip(clip)

    def used(asked: JobRequest) -> str:
        with open_clip(reference) as opened:
            found = job_actor(asked, opened, sha256, Facts())
        told = with_adapter(asked, sha256, found, engine, lambda code, _: warned.append(code))
        return told.settings.adapter

    assert used(request) == str(path)
    plain = replace(request, settings=replace(settings, tuned=False))
    assert used(plain) == "" and not warned
    with_it = replace(settings, adapter=str(path))
    assert engine.fingerprint(with_it) != engine.fingerprint(settings)
    write_adapter(path, replace(about, weights="b" * 64), {})
    assert used(request) == "" and warned == [LEFT_OUT]
    with pytest.raises(InputError, match="other weights"):
        engine.fingerprint(with_it)
    write_adapter(path, replace(about, clip="b" * 64), {})
    with pytest.raises(InputError, match="other footage"):
        used(replace(request, settings=with_it))

    # What a person painted over the masks is learnt with, not only what was found.
    wish = Wish(reference, sha256, 0, 7, settings)
    folder = ActorFolder(Path(done["actor"]))
    found = clip_of_actor(folder, wish, 128).shot.takes[0].mattes
    assert found.any(axis=(1, 2)).all()
    right = np.zeros((128, 128), np.uint8)
    right[:, 64:] = 255
    write_png(odd_path / "not him.png", right)
    painted = [Painted(MaskRole.CUT, odd_path / "not him.png")]
    MaskChanges(painted).make(folder.mends, (128, 128), range(2, 6))
    mended = clip_of_actor(folder, wish, 128).shot.takes[0].mattes  # the window is the whole clip
    wanted = np.where(right > 0, 0, found)
    assert (wanted != found).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(mended[2:6], wanted[2:6])
    np.testing.assert_array_equal(mended[[0, 1, 6, 7]], found[[0, 1, 6, 7]])
