"""Reading published tensor files without ever running what is inside them."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mf_backend.contracts.errors import InputError

_WRAPPERS = ("state_dict", "model")
_PREFIX = "module."


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The named tensors of a safetensors or torch file, on the CPU, mapped from disk if possible.

    Torch files are pickles: they are read with `weights_only=True` and nothing else, so code in
    one is refused, not run. A `state_dict` wrapper and a leading `module.` on every name are
    taken off. Raises InputError for a missing, damaged or unsafe file.
    """
    if not path.is_file():
        raise InputError(
            "weights-file-missing", f"There is no file {path}.", "Choose the folder that holds it."
        )
    try:
        if path.suffix == ".safetensors":
            values: object = load_file(path)
        else:
            values = torch.load(
                path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
            )
    except pickle.UnpicklingError as error:
        raise _refusal(path, error) from None
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, SafetensorError) as error:
        raise InputError(
            "weights-damaged",
            f"{path} is damaged or no tensor file: {_first_line(error)}.",
            "Download it again.",
        ) from None
    return _tensors_of(path, values)


def _refusal(path: Path, error: Exception) -> InputError:
    text = str(error)
    if "Unsupported global" in text or "Unsupported operand" in text or "Unsupported class" in text:
        return InputError(
            "weights-unsafe",
            f"{path} holds more than tensors: it asks for code to be run, so it was not loaded.",
            "Get the file from its authors; do not load this one with anything.",
        )
    return InputError(
        "weights-damaged",
        f"{path} is damaged or no tensor file: {_first_line(error)}.",
        "Download it again.",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _tensors_of(path: Path, values: object) -> dict[str, Tensor]:
    for wrapper in _WRAPPERS:
        if isinstance(values, dict) and isinstance(values.get(wrapper), dict):
            values = values[wrapper]
    if not isinstance(values, dict):
        raise InputError("weights-damaged", f"{path} holds no table of named tensors.")
    strange = [str(name) for name, value in values.items() if not isinstance(value, Tensor)]
    if strange or not values:
        what = f"{', '.join(strange[:5])} is no tensor" if strange else "it is empty"
        raise InputError("weights-damaged", f"{path} holds no table of named tensors: {what}.")
    tensors = {str(name): value for name, value in values.items()}
    if all(name.startswith(_PREFIX) for name in tensors):
        tensors = {name.removeprefix(_PREFIX): value for name, value in tensors.items()}
    return tensors
