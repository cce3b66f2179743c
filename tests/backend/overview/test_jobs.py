"""`jobs DIR` over real job folders: finished, failed, broken off, waiting, damaged and hostile."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.jobs.runs import has_frames, kill_when, run, start, wait_until
from tests.backend.tiny_job import backend, backend_environment, edit_request, make_job

NASTY = '<script>document.title="owned"</script><img src=x onerror=alert(1)>"\'&'


def listed(folder: Path, *options: str) -> Any:
    done = backend("jobs", str(folder), "--json", *options)
    assert done.returncode == 0, done.stderr
    return {job["name"]: job for job in json.loads(done.stdout)["jobs"]}


def set_title(job: JobFolder, title: str) -> None:
    value = json.loads(job.request.read_text(encoding="utf-8"))
    value["about"]["title"] = title
    job.request.write_text(json.dumps(value), encoding="utf-8")


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one job of each kind."""
    root = tmp_path_factory.mktemp("mf tëst ü") / "jobs"
    root.mkdir()
    done = make_job(root, "1")
    set_title(done, "Wave <b>at</b> Jörg")
    assert run(done).code == 0
    make_job(root, "2")
    failed = make_job(root, "3")
    edit_request(failed, reference__path=str(root / "gone"))
    assert run(failed).code == 2
    off = make_job(root, "4", count=16)
    kill_when(off, has_frames(off, 4))
    hostile = make_job(root / "deeper", "5")
    set_title(hostile, NASTY)
    assert run(hostile).code == 0
    state = json.loads(hostile.state.read_text(encoding="utf-8"))
    state["warnings"].append([NASTY, NASTY])
    hostile.state.write_text(json.dumps(state), encoding="utf-8")
    quality = hostile.conditions / "quality" / "masks.json"
    doubts = json.loads(quality.read_text(encoding="utf-8")) | {"rejected": [2, 3]}
    quality.write_text(json.dumps(doubts), encoding="utf-8")
    for name, text in (("6", b"{"), ("7", b'{"schema": 99}')):
        (root / name).mkdir()
        (root / name / "job.json").write_bytes(text)
    damaged = make_job(root, "8")
    damaged.state.write_bytes(b"\xff\x00")
    (root / "notes").mkdir()
    return root


def test_every_job_is_listed_with_its_state(batch: Path) -> None:
    jobs = listed(batch)
    assert {name: job["state"] for name, job in jobs.items()} == {
        **{"1": "done", "2": "waiting", "3": "failed", "4": "interrupted"},
        **{"deeper/5": "remarked", "6": "broken", "7": "broken", "8": "broken"},
    }
    order = [job["state"] for job in jobs.values()]
    assert order[:3] == ["broken"] * 3 and order[-1] == "done"
    assert jobs["3"]["error"]["code"] == "clip-missing" and jobs["3"]["error"]["hint"]
    assert jobs["7"]["error"]["code"] == "job-schema"
    assert jobs["8"]["error"]["code"] == "state-damaged"
    assert jobs["1"]["overall"] == 1.0 and 0 < jobs["4"]["overall"] < 1
    assert jobs["4"]["stage"] == "render" and jobs["4"]["host"]
    assert ["target_mask", "from", "the actor's widths and parts"] in jobs["1"]["figures"]
    assert ["masks", "rejected", "2"] in jobs["deeper/5"]["figures"]
    done = backend("jobs", str(batch))
    assert "3 to look at" in done.stdout
    assert "8 jobs: 3 broken, 1 failed" in done.stdout
    assert "gone" in done.stdout and "Jörg" in done.stdout


def test_a_running_job_says_where_and_how_long(odd_path: Path) -> None:
    job = make_job(odd_path / "jobs", count=30, size=(160, 208))
    process = start(job)
    wait_until(process, has_frames(job, 2))
    found = listed(odd_path)["jobs/job"]
    assert found["state"] == "running" and found["host"] and found["since"]
    process.kill()
    process.communicate()
    assert listed(odd_path)["jobs/job"]["state"] == "interrupted"
    with_parts = start(job, "--frames", "16-30")
    part = job.path / "work" / "parts" / "000016-000030" / "worker.lock"
    wait_until(with_parts, part.exists)
    assert listed(odd_path)["jobs/job"]["parts"] == ["16-30"]
    with_parts.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_watching_prints_what_changed(odd_path: Path) -> None:
    job = make_job(odd_path, "a")
    watch = subprocess.Popen(
        [sys.executable, "-m", "mf_backend", "jobs", str(odd_path), "--watch", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=backend_environment(),
    )
    assert watch.stdout is not None
    states = [json.loads(watch.stdout.readline())["jobs"][0]["state"]]
    assert run(job).code == 0
    while states[-1] != "done":
        states.append(json.loads(watch.stdout.readline())["jobs"][0]["state"])
    assert states[0] == "waiting"
    watch.send_signal(signal.SIGINT)
    watch.communicate(timeout=20)
    assert watch.returncode == 0


def test_a_folder_that_is_not_there(odd_path: Path) -> None:
    done = backend("jobs", str(odd_path / "none"))
    assert done.returncode == 2 and "There is no folder" in done.stderr
    assert backend("jobs", str(odd_path)).stdout == "No jobs.\n"


class Page(HTMLParser):
    """What a page holds, as a browser would read it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def test_the_page_shows_all_and_runs_nothing(batch: Path, odd_path: Path) -> None:
    file = odd_path / "page.html"
    before = {p: p.stat().st_mtime_ns for p in batch.rglob("*")}
    done = backend("jobs", str(batch), "--html", str(file))
    assert done.returncode == 0, done.stderr
    after = {p: p.stat().st_mtime_ns for p in batch.rglob("*")}
    assert after == before
    page = Page(file.read_text(encoding="utf-8"))
    names = [attrs["data-job"] for attrs in page.all("article")]
    assert sorted(map(str, names)) == ["1", "2", "3", "4", "6", "7", "8", "deeper/5"]
    assert not page.all("script") and not page.all("b") and NASTY in page.text
    assert "Wave <b>at</b> Jörg" in page.text
    images = page.all("img")
    # Three moments of clip and result, of two finished takes and one that came far enough.
    assert len(images) == 3 * 6 and all(
        str(attrs["src"]).startswith("data:image/jpeg;base64,") for attrs in images
    )
    assert all(set(attrs) == {"src", "width", "height", "alt"} for attrs in images)
    assert "mf_backend" in page.text and "Report" in page.text
    assert "masks: rejected 2" in page.text
    # Our own page is made anew; anybody else's file stays.
    assert backend("jobs", str(batch), "--html", str(file)).returncode == 0
    file.write_text("<p>mine", encoding="utf-8")
    done = backend("jobs", str(batch), "--html", str(file))
    assert done.returncode == 6 and file.read_text(encoding="utf-8") == "<p>mine"


def test_the_page_in_a_browser(batch: Path, odd_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's package chromium, which is not here")
    file = odd_path / "page.html"
    assert backend("jobs", str(batch), "--html", str(file)).returncode == 0
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    seen = subprocess.run(
        [chromium, *flags, f"--user-data-dir={odd_path / 'profile'}", "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert seen.stdout.count("<article") == 8
    assert "<title>Takes in jobs</title>" in seen.stdout
    assert not re.findall(r".*(?:CONSOLE|Refused to|ERR_).*", seen.stderr)


def test_eighty_takes_are_shown_quickly(batch: Path, odd_path: Path) -> None:
    many = odd_path / "many"
    for number in range(80):
        shutil.copytree(batch / "1", many / f"{number:03d}")
    began = time.monotonic()
    done = backend("jobs", str(many), "--html", str(odd_path / "many.html"), timeout=300)
    assert done.returncode == 0 and "80 jobs: 80 done" in done.stdout
    assert time.monotonic() - began < 60
    assert (odd_path / "many.html").stat().st_size < 20_000_000
