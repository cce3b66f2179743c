"""The report's page in a real browser, and what it says of a run against an earlier one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.quality.truth.conftest import Bench

MOVE_SLIDER = """
<script>
const input = document.querySelector(".slider input");
const upper = document.querySelector(".slider .upper");
const seen = [getComputedStyle(upper).clipPath];
input.value = 20;
input.dispatchEvent(new Event("input"));
seen.push(getComputedStyle(upper).clipPath);
const loaded = [...document.images].every((image) => image.naturalWidth > 0);
document.body.dataset.seen = JSON.stringify({clips: seen, loaded});
</script></body>
"""


def changed(bench: Bench, folder: Path, **figures: float) -> Path:
    """The figures with the union's of some metrics replaced, in a file."""
    told: dict[str, Any] = bench.told()
    for metric, value in figures.items():
        told["shots"]["tiny"]["rows"]["preview-matched-true"][metric]["union"] += value
    path = folder / "old.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("figures", "code", "said"),
    [
        ({"psnr": 0.5}, 1, "WORSE   tiny, preview-matched-true: psnr.union"),
        ({"flicker": 1.0}, 0, "better  tiny, preview-matched-true: flicker.union"),
        ({"psnr": 0.05, "ssim": -0.001}, 0, "0 worse, 0 better"),
    ],
)
def test_what_got_worse_is_named(
    measured: Bench, tmp_path: Path, figures: dict[str, float], code: int, said: str
) -> None:
    old = changed(measured, tmp_path, **figures)
    page = tmp_path / "page.html"
    done = measured.run("report", "--run", measured.out, "--page", page, "--against", old)
    assert done.returncode == code, done.stderr
    assert said in done.stdout
    told = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert bool(told["changes"]["worse"]) == bool(code)
    assert told["means"]["footage"]["psnr.union"] > 0
    assert said.split("  ")[-1].strip() in re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))


def test_the_page_in_a_browser(measured: Bench, odd_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's package chromium, which is not here")
    page = odd_path / "page.html"
    assert measured.run("report", "--run", measured.out, "--page", page).returncode == 0
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!data:image/jpeg;base64,)", text)
    # Somebody's hand on the slider, in the page's own browser.
    moved = odd_path / "moved.html"
    moved.write_text(text.replace("</body>", MOVE_SLIDER), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    seen = subprocess.run(
        [chromium, *flags, f"--user-data-dir={odd_path / 'profile'}", "--dump-dom", moved.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert not re.findall(r".*(?:CONSOLE|Refused to|ERR_).*", seen.stderr)
    assert seen.stdout.count("<section") == 1 and seen.stdout.count('class="slider"') == 1
    found = re.search(r'data-seen="([^"]*)"', seen.stdout)
    assert found is not None
    told = json.loads(found[1].replace("&quot;", '"'))
    assert told["loaded"]
    before, after = told["clips"]
    assert "50%" in before and "80%" in after


def test_a_strangers_file_is_left_alone(measured: Bench, tmp_path: Path) -> None:
    page = tmp_path / "mine.html"
    page.write_text("<p>mine", encoding="utf-8")
    done = measured.run("report", "--run", measured.out, "--page", page)
    assert done.returncode == 6 and page.read_text(encoding="utf-8") == "<p>mine"
    done = measured.run("report", "--run", tmp_path)
    assert done.returncode == 2 and "truth.json" in done.stderr
