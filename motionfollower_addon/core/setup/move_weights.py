"""Moves a set of weights to another folder: SOURCE TARGET NAME... Run by path, standard library.

Every file is there twice (linked on one disk, copied to another) before the first is taken away,
so that the set is whole in one of the two places whatever breaks off.
"""

import json
import os
import shutil
import sys
from pathlib import Path


def bring(source: Path, target: Path) -> None:
    """Put a file beside its copy: a hard link where the disk has them, else copied bytes."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError:
        shutil.copy2(source, part)
    if part.stat().st_size != source.stat().st_size:
        raise OSError(f"{source.name} was not copied whole")
    part.replace(target)


def move(source: Path, target: Path, names: list[str]) -> None:
    """Move the files `names` (the record last), then remove the source folder if it is empty."""
    present = [name for name in names if (source / name).is_file()]
    target.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(present, 1):
        print(f"Moving {name} ({number} of {len(present)})", file=sys.stderr, flush=True)
        bring(source / name, target / name)
    for name in present:
        (source / name).unlink()
    if not any(source.iterdir()):
        source.rmdir()


def main() -> int:
    """Move; one JSON object tells how it went."""
    source, target, *names = sys.argv[1:]
    try:
        move(Path(source), Path(target), names)
    except OSError as error:
        told = {
            "code": "weights-move",
            "message": f"The weights could not be moved: {error}.",
            "hint": f"They are still in {source}.",
            "exit_code": 6,
        }
        print(json.dumps({"error": told}))
        return 6
    print(json.dumps({"folder": target}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
