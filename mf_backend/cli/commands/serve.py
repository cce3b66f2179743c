"""`serve`: messages on stdin and stdout, one JSON object a line."""

from __future__ import annotations

import argparse
import os
import signal
from types import FrameType
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.streams import claim_stdin, claim_stdout


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    subparsers.add_parser("serve", help=COMMANDS["serve"], description=run.__doc__)


def run(args: argparse.Namespace) -> int:
    """Answer messages until stdin ends. Only messages are written to stdout; everything else goes
    to stderr, and to a job's log.txt while it runs."""
    outgoing, incoming = claim_stdout(), claim_stdin()

    from mf_backend.protocol.handshake import initialize, preview, probe
    from mf_backend.protocol.memory_need import memory_need
    from mf_backend.protocol.server import Server

    server = Server(incoming, outgoing, initialize, probe, preview, memory_need, end=os._exit)

    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    server.serve()
    return 0
