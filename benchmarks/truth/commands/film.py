"""`film`: film the benchmark's shots with Blender's Python module."""

from __future__ import annotations

import argparse
import time

from ..filming import descriptions
from ..shot_folder import cache_folder


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("shots", nargs="*", metavar="NAME", help="only these (default: all)")
    parser.add_argument(
        "--stills", action="store_true", help="two small pictures of each, to look at or to test by"
    )
    parser.add_argument(
        "--rigs",
        action="store_true",
        help="read the rigs of films in the cache anew, for an add-on that reads them otherwise",
    )
    parser.add_argument("--list", action="store_true", help="only tell the shots' names")


def run(options: argparse.Namespace) -> int:
    """Film what is not in the cache yet, one shot after the other."""
    make = descriptions.still if options.stills else descriptions.load
    chosen = [make(name) for name in options.shots or descriptions.names()]
    if options.list:
        held_out = descriptions.held_out()
        for shot in chosen:
            print(shot.name, "(held out)" if shot.name in held_out else "")
        return 0
    # Blender is loaded only where something is filmed.
    import motionfollower_addon
    from film.quiet import printed_to

    from ..filming.into_cache import film, read_rigs

    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    motionfollower_addon.register()  # it reads the rigs as it does for its users
    for shot in chosen:
        started = time.monotonic()
        with printed_to(cache / "blender.log"):
            folder = cache / descriptions.folder_name(shot)
            if options.rigs and folder.is_dir():
                read_rigs(shot, folder)
            else:
                folder = film(shot, cache)
        print(f"{shot.name}: {folder} ({time.monotonic() - started:.0f} s)", flush=True)
    return 0
