"""Bringing the base models from the model hub, where it can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mf_backend.contracts.errors import InputError, MissingComponentError, OutputError
from mf_backend.contracts.files import output_error
from mf_backend.weights.catalog import MOTIONFOLLOWER, Origin, Published

_OFFLINE_HINT = (
    "Look to your connection and try again, or fetch it on another computer, copy the folder here "
    "and import it (Import Weights, `python -m mf_backend weights import`)."
)


@dataclass(frozen=True)
class Download:
    """One hub repository and how much of it is needed."""

    item: Published
    bytes: int


def _errors() -> tuple[type[Exception], ...]:
    """What huggingface_hub raises where the hub cannot be reached or refuses."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    # Its HTTP library differs between versions; the hub's own error derives from that library's.
    transport = [x for x in HfHubHTTPError.__bases__ if x is not OSError]
    return (LocalEntryNotFoundError, OfflineModeIsEnabled, ConnectionError, *transport)


def _unreachable(item: Published, error: Exception) -> MissingComponentError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return MissingComponentError(
        "hub-unreachable",
        f"{item.where} could not be fetched from the model hub: {reason}.",
        _OFFLINE_HINT,
    )


def _library() -> None:
    try:
        import huggingface_hub  # noqa: F401
    except ImportError:
        raise MissingComponentError(
            "library-missing",
            "Fetching needs the library huggingface_hub, which is not installed.",
            "Press Repair in the add-on's preferences, or install it with "
            "`pip install huggingface_hub`.",
        ) from None


def plan_downloads() -> list[Download]:
    """What would be fetched and how large it is. Raises MissingComponentError when offline."""
    _library()
    from huggingface_hub import HfApi
    from huggingface_hub.utils import filter_repo_objects

    downloads = []
    for item in MOTIONFOLLOWER:
        if item.origin is not Origin.HUB:
            continue
        try:
            info = HfApi().model_info(item.where, files_metadata=True)
        except _errors() as error:
            raise _unreachable(item, error) from error
        chosen = _choose([x.rfilename for x in info.siblings or ()])
        sizes = {x.rfilename: x.size or 0 for x in info.siblings or ()}
        names = filter_repo_objects(chosen, allow_patterns=list(item.patterns))
        downloads.append(Download(item, sum(sizes[name] for name in names)))
    return downloads


def _choose(names: list[str]) -> list[str]:
    """Leave out the pickled twin of each safetensors file."""
    stems = {name.rsplit(".", 1)[0] for name in names if name.endswith(".safetensors")}
    twins = {f"{stem}.bin" for stem in stems} | {
        f"{stem.removesuffix('model')}pytorch_model.bin" for stem in stems
    }
    return [name for name in names if name not in twins]


def fetch(item: Published, folder: Path) -> Path:
    """Bring one hub repository into `folder`.

    A line that breaks is taken up where it stopped; after a run that failed, files that are whole
    are not fetched again. Returns the folder it lies in. Raises MissingComponentError when
    offline and OutputError where the disk refuses.
    """
    _library()
    from huggingface_hub import HfApi, snapshot_download

    if item.origin is not Origin.HUB:
        raise InputError("weights-not-on-hub", f"{item.name} is not on the model hub.")
    target = folder / item.name
    try:
        published = HfApi().list_repo_files(item.where)
        skipped = sorted(set(published) - set(_choose(published)))
        snapshot_download(
            item.where,
            local_dir=target,
            allow_patterns=list(item.patterns),
            ignore_patterns=skipped,
        )
    except _errors() as error:
        raise _unreachable(item, error) from error
    except OSError as error:
        wrapped: OutputError = output_error(target, error)
        raise wrapped from error
    return target
