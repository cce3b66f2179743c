"""Writing messages: one at a time, from any thread, until the other side is gone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from mf_backend.contracts.errors import MFError
from mf_backend.protocol import messages

_log = logging.getLogger(__name__)


class Outgoing:
    """The stream to the client. After it broke, messages are dropped and `on_gone` was called."""

    def __init__(self, stream: BinaryIO, on_gone: Callable[[], None]) -> None:
        self._stream = stream
        self._on_gone = on_gone
        self._lock = threading.Lock()
        self._gone = False

    def send(self, message: dict[str, Any]) -> None:
        """Write one message whole; never raises."""
        try:
            line = messages.encode(message)
        except (TypeError, ValueError):
            _log.exception("a message could not be put into words")
            if "result" not in message:
                return
            # Whoever asked gets an answer all the same.
            text = "The answer could not be put into words."
            data = messages.error_data(MFError("internal", text, "Report it with the log."))
            number = messages.ErrorNumber.INTERNAL
            line = messages.encode(messages.error(message["id"], number, text, data))
        with self._lock:
            if self._gone:
                return
            try:
                view = memoryview(line)
                while view:
                    view = view[self._stream.write(view) :]
                return
            except (OSError, ValueError):
                self._gone = True
        _log.info("the client no longer listens")
        self._on_gone()

    def notify(self, notice: messages.Notice, params: dict[str, Any]) -> None:
        """Send a notification."""
        self.send(messages.notification(notice, params))
