"""An actor analysed by message: progress, the result, cancel, and what is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.backend.conftest import write_frames
from tests.backend.tiny_job import Backend


@pytest.fixture(scope="module")
def clip(actor: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = [cv2.resize(frame, (256, 256), interpolation=cv2.INTER_AREA) for frame in actor[:8]]
    return write_frames(tmp_path_factory.mktemp("clip ü") / "walk", small)


def test_an_actor_is_analysed_and_cancelled(server: Backend, clip: Path, tmp_path: Path) -> None:
    asked = {"path": str(clip), "kind": "images", "actors": str(tmp_path / "actors")}
    first = server.ask("actor/analyse", id="one", count=1, **asked)
    second = server.ask("actor/analyse", id="two", **asked)
    assert server.answer(first)["result"] == {"id": "one", "position": 0}
    assert server.answer(second)["result"] == {"id": "two", "position": 1}
    done = server.notice("actor/done", "job/failed", id="one")
    assert (done["first"], done["last"], done["analysed"]) == (0, 0, 1)
    assert Path(done["actor"], "actor.json").is_file()
    told = [m["params"] for _, m in server.heard if m.get("method") == "job/progress"]
    assert {p["stage"] for p in told if p["id"] == "one"} == {"actor"}
    server.notice("job/progress", id="two", note="joints")
    server.ask("job/cancel", id="two")
    assert server.notice("actor/done", "job/failed", id="two")["code"] == "cancelled"
    third = server.ask("actor/analyse", id="three", count=1, **asked)
    server.answer(third)
    assert server.notice("actor/done", "job/failed", id="three")["analysed"] == 0
    assert server.close() == 0


def test_wrong_parameters_are_named(server: Backend, tmp_path: Path) -> None:
    number = server.ask("actor/analyse", id="x", path="walk", kind="images", actors=str(tmp_path))
    data = server.answer(number)["error"]["data"]
    assert data["field"] == "path"
    number = server.ask(
        "actor/analyse", id="x", path=str(tmp_path / "no"), kind="images", actors=str(tmp_path)
    )
    server.answer(number)
    assert server.notice("job/failed", id="x")["exit_code"] == 2
    assert server.close() == 0
