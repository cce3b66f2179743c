"""The one place where the version of the backend, the wheel and the extension is written."""

VERSION = "0.1.0"
