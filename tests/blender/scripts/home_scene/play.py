"""What people do to their file while a job runs: home_scene OUT. For test_home_scene_window.py.

Each part notes under its own name what it saw; the last one quits Blender while a job runs.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from home_scene.edits import gone, leave, rendering, two_scenes, undoing
from home_scene.files import elsewhere, first_save, never_saved, saving
from home_scene.shot import (
    KIND,
    NOTES,
    OUT,
    SAVED,
    SHOT,
)
from window import driver


def home_scene() -> Iterator[float]:
    """All of them."""
    SAVED.mkdir()
    yield from driver.show_tab(KIND)
    other = SHOT.parent / "öther.blend"
    for part in (
        elsewhere("elsewhere", other),
        elsewhere("new_file", None),
        never_saved(),
        first_save(),
        saving(),
        undoing(),
        two_scenes(),
        gone(),
        rendering(),
        leave(),
    ):
        begin = time.monotonic()
        yield from part
        NOTES.setdefault("seconds", {})[part.__name__] = round(time.monotonic() - begin, 1)
        (OUT / "notes.json").write_text(json.dumps(NOTES), encoding="utf-8")


driver.main({"home_scene": home_scene})
