"""Make and save a test shot: FOLDER COUNT."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from loading import ARGUMENTS, scenes

scenes().make_scene(Path(ARGUMENTS[0]), int(ARGUMENTS[1]))
