"""Lines that cannot be forged: what others chose (ids, paths, messages) stays within its line."""

from __future__ import annotations

import logging
import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's control, format, lone surrogate, line and paragraph characters; marks that turn the
direction of writing are among them."""
_INDENT = "    "


def visible(text: str) -> str:
    """`text` on one line: line breaks and other hidden characters as escapes (`\\n`)."""
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _HIDDEN
        else char
        for char in text
    )


class LineFormatter(logging.Formatter):
    """One line for each message; a traceback follows indented, so that nothing in it looks like
    another message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The message's own line."""
        record.message = visible(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        """The traceback, indented."""
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type]
        return "\n".join(_INDENT + visible(line) for line in lines)
