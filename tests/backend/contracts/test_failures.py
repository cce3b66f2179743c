"""Whatever goes wrong becomes one sentence with a stable code and an exit code."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from mf_backend.contracts.errors import ExitCode, InputError, MFError
from mf_backend.contracts.failures import describe


def _raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:  # noqa: BLE001 - gives it a traceback and its cause
        return caught


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/a.png"), "disk-full", 6),
        (OSError(errno.EFBIG, "File too large"), "not-writable", 6),
        (
            _raised(RuntimeError("encoder failed"), OSError(errno.ENOSPC, "No space")),
            "disk-full",
            6,
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/x/a.png"), "not-writable", 6),
        (MemoryError(), "memory", 4),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "memory", 4),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "memory", 4),
        (ModuleNotFoundError("No module named 'onnx'", name="onnx"), "library-missing", 3),
        (
            ImportError("cv2.so: failed to map segment from shared object", name="cv2"),
            "memory",
            4,
        ),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory", 4),
        (RuntimeError("can't start new thread"), "memory", 4),
        (ImportError("cannot import name 'x' from 'y'", name="y"), "library-broken", 3),
        (
            RuntimeError(
                "Error while serializing: I/O error: No space left on device (os error 28)"
            ),
            "disk-full",
            6,
        ),
        (OSError(errno.ENAMETOOLONG, "File name too long", "/x/" + "a" * 300), "name-too-long", 2),
        (OSError(errno.EMFILE, "Too many open files", "/x/a.png"), "too-many-files", 1),
        (KeyboardInterrupt(), "cancelled", 5),
        (ValueError("shapes (3,) and (4,)\n do not fit"), "internal", 1),
        (KeyError(), "internal", 1),
    ],
)
def test_each_kind(error: BaseException, code: str, exit_code: int) -> None:
    told = describe(error, "render", Path("log.txt"))
    assert (told.code, told.exit_code) == (code, ExitCode(exit_code))
    assert "\n" not in str(told)


def test_errors_for_people_pass_unchanged() -> None:
    error = InputError("clip-missing", "The clip does not exist.")
    assert describe(error) is error


def test_a_full_disk_behind_another_error_is_what_is_told() -> None:
    error = _raised(MFError("odd", "Something."), OSError(errno.ENOSPC, "No space", "b.png"))
    assert describe(error).code == "disk-full"


def test_memory_behind_another_error_is_what_is_told() -> None:
    error = _raised(InputError("clip-damaged", "Frame 3 is damaged."), MemoryError())
    assert describe(error).code == "memory"


def test_the_log_is_named_where_the_reason_is_not_known() -> None:
    told = describe(ValueError("odd"), "align", Path("job") / "log.txt")
    assert "align" in told.message and "log.txt" in told.hint
