"""Sets up, checks, builds and shows MotionFollower for Blender: `python3 dev.py --help`.

Needs Python 3.11 and nothing else; everything more goes into .venv beside this file. This file is
kept readable for older Pythons, so that they can say what is wrong.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

WANTED = (3, 11)  # the wheel of Blender's own Python module that the tests use is made for it
FILE = Path(__file__).resolve()


def find_wanted_python() -> list[str]:
    """Command that starts the wanted Python, or [] where this machine has none."""
    name = "python{}.{}".format(*WANTED)
    candidates = [[name], ["py", "-{}.{}".format(*WANTED)]]
    for command in candidates:
        if shutil.which(command[0]) is None:
            continue
        probe = [*command, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
        try:
            answer = subprocess.run(probe, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        except OSError:
            continue
        if answer.returncode == 0 and answer.stdout.decode().strip() == "{}.{}".format(*WANTED):
            return command
    return []


def main() -> int:
    """Run the command line under the right Python."""
    if sys.version_info[:2] == WANTED:
        sys.path.insert(0, str(FILE.parent))
        from devtools.command_line import run

        return run(sys.argv[1:])
    command = find_wanted_python()
    if not command:
        have = "{}.{}".format(*sys.version_info)
        want = "{}.{}".format(*WANTED)
        how = {
            "win32": "winget install Python.Python." + want,
            "darwin": "brew install python@" + want,
        }.get(sys.platform, "uv python install " + want + ", or your system's python" + want)
        print(
            f"This is Python {have}, and the packages used here are made for {want}. "
            f"Install it ({how}) and start dev.py again with it.",
            file=sys.stderr,
        )
        return 2
    print(f"Going on with {' '.join(command)}.", flush=True)
    return subprocess.call([*command, str(FILE), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
