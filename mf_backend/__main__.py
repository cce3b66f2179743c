"""`python -m mf_backend`: keeps stdout clean before anything heavy loads, then runs a command."""

from __future__ import annotations

import os
import sys


def forget_the_folder() -> None:
    """Import nothing from the folder that we were started in: it may be somebody else's job.

    `python -m` looks there first. It stays only where this package itself lies in it.
    """
    if sys.flags.safe_path or not sys.path:
        return
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH120, PTH100
    if os.path.realpath(sys.path[0]) != os.path.realpath(here):
        del sys.path[0]
        # Also for whatever libraries start.
        os.environ["PYTHONSAFEPATH"] = "1"


def use_utf8() -> None:
    """Start again with names in UTF-8 where the locale (C, POSIX) knows no letters but ASCII."""
    if os.name != "nt" and sys.getfilesystemencoding() != "utf-8" and sys.executable:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def main() -> int:
    """Run one command; the return value is the process's exit code."""
    from mf_backend.cli.streams import open_closed_streams

    open_closed_streams()
    # C libraries print their start-up messages, and start threads, unless told so before they load.
    for name, value in (
        ("GLOG_minloglevel", "2"),
        ("TF_CPP_MIN_LOG_LEVEL", "2"),
        ("ABSL_MIN_LOG_LEVEL", "2"),
        ("OPENCV_LOG_LEVEL", "ERROR"),
        ("MPLBACKEND", "Agg"),
        ("TOKENIZERS_PARALLELISM", "false"),
        # numpy solves small systems only; OpenBLAS's threads would spin while they wait for more.
        ("OPENBLAS_NUM_THREADS", "1"),
    ):
        os.environ.setdefault(name, value)
    if sys.platform == "linux" and "PYTORCH_CUDA_ALLOC_CONF" not in os.environ:
        # Slices of many sizes fragment a card's memory; growing segments keep what is reserved
        # close to what is used (PyTorch, "CUDA semantics"; not there on Windows).
        os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")

    from mf_backend.cli.main import run_command

    return run_command(sys.argv[1:])


def leave(code: int) -> None:
    """End the process at once: exit handlers of native libraries may hang or crash."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)


if __name__ == "__main__":
    forget_the_folder()
    use_utf8()
    leave(main())
