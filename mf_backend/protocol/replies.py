"""The one answer that each request gets, also where the process ends before it is worked off."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from mf_backend.contracts.errors import MFError
from mf_backend.contracts.failures import describe
from mf_backend.protocol import messages
from mf_backend.protocol.messages import ErrorNumber
from mf_backend.protocol.outgoing import Outgoing
from mf_backend.protocol.parameters import ParameterError

_log = logging.getLogger(__name__)


class Reply:
    """Answers one request, once: whatever is said after that is dropped."""

    def __init__(self, number: messages.MessageId, replies: Replies) -> None:
        self.number = number
        self.told = False
        self._replies = replies

    def result(self, value: Any) -> None:
        """The request was met."""
        self._replies.close(self, messages.result(self.number, value))

    def error(self, error: BaseException) -> None:
        """The request was not met; what is no error for a person goes into the log, too."""
        told = describe(error)
        if not isinstance(error, MFError):
            _log.error("a request failed", exc_info=error)
        number = (
            ErrorNumber.INVALID_PARAMS
            if isinstance(error, ParameterError)
            else ErrorNumber.REFUSED
            if isinstance(error, MFError)
            else ErrorNumber.INTERNAL
        )
        self.refuse(number, told)

    def refuse(self, number: ErrorNumber, told: MFError) -> None:
        """The request was not met; `number` says why."""
        data = messages.error_data(told)
        self._replies.close(self, messages.error(self.number, number, told.message, data))


class Replies:
    """The requests that are not answered yet."""

    def __init__(self, out: Outgoing) -> None:
        self._out = out
        self._open: set[Reply] = set()
        self._changed = threading.Condition()

    def open(self, number: messages.MessageId) -> Reply:
        """A request has come."""
        reply = Reply(number, self)
        with self._changed:
            self._open.add(reply)
        return reply

    def close(self, reply: Reply, message: dict[str, Any]) -> None:
        """Send an answer unless there was one."""
        with self._changed:
            if reply.told:
                return
            reply.told = True
        self._out.send(message)
        # Only now: the process may end as soon as nothing is open.
        with self._changed:
            self._open.discard(reply)
            self._changed.notify_all()

    def end(self, seconds: float) -> None:
        """Wait for open requests for so long, then tell the others that the backend ends."""
        until = time.monotonic() + seconds
        with self._changed:
            while self._open and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            rest = list(self._open)
        for reply in rest:
            reply.error(
                MFError(
                    "ending",
                    "The backend ends before it could answer.",
                    "Start it again and ask once more.",
                )
            )
