"""Bringing packages into the environment with its own pip. Standard library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .child import Children
from .packages import Requirement, clear_broken_off, is_recorded
from .plan import InstallPaths, InstallRefusal
from .torch import TorchBuild, TorchOffer, processor_builds, read_index

_BASE = ("-m", "pip", "--disable-pip-version-check")


PROGRESS = "Progress "
"""How pip's lines about the bytes that have come begin."""


def progress_text(line: str, latest: str) -> str:
    """What a line of pip means to a person; `latest` is what was said before. Empty: nothing."""
    if line.startswith(PROGRESS):
        words = line.split()  # Progress DONE of ALL
        if len(words) == 4 and words[1].isdigit() and words[3].isdigit() and int(words[3]):
            done, whole = int(words[1]) / 1e6, int(words[3]) / 1e6
            return f"{latest}: {done:.0f} of {whole:.0f} MB" if whole >= 10 else ""
        return ""
    if line.startswith(("Collecting ", "Processing ")):
        name = Path(line.split(maxsplit=1)[1]).name
        return f"Fetching {'-'.join(name.split('-')[:2]) if '.whl' in name else name}"
    return "Unpacking" if line.startswith("Installing collected") else ""


class Pip:
    """pip of one environment."""

    def __init__(self, children: Children, paths: InstallPaths) -> None:
        self._children = children
        self._paths = paths

    def works(self) -> bool:
        """Whether the environment has an interpreter and pip that start."""
        if not self._paths.python.is_file():
            return False
        command = [str(self._paths.python), *_BASE, "--version"]
        return self._children.run(command, seconds=60)[0] == 0

    def _command(self, *arguments: str) -> list[str]:
        return [str(self._paths.python), *_BASE, *arguments]

    def install(
        self, wanted: Sequence[Requirement], tell: Callable[[str], None], *options: str
    ) -> None:
        """Install exactly these, without what they ask for. Raises InstallRefusal."""
        for requirement in wanted:
            clear_broken_off(self._paths.packages(), requirement)
        names = [str(item) for item in wanted]
        self._run(names, tell, "--no-deps", "--force-reinstall", *options)

    def install_wheel(self, wheel: Path, tell: Callable[[str], None]) -> None:
        """Install a wheel from the disk in the place of any other version."""
        requirement = Requirement(wheel.name.split("-")[0], wheel.name.split("-")[1])
        clear_broken_off(self._paths.packages(), requirement)
        self._run([str(wheel)], tell, "--no-deps", "--no-index", "--force-reinstall")

    def _run(self, what: list[str], tell: Callable[[str], None], *options: str) -> None:
        latest = ""

        def line(text: str) -> None:
            nonlocal latest
            words = progress_text(text, latest)
            if words:
                latest = latest if text.startswith(PROGRESS) else words
                tell(words)

        # Compiling all of torch takes longer than the little of it that is ever imported.
        bar = "raw" if self._tells_progress() else "off"
        command = self._command("install", "--no-compile", "--progress-bar", bar, *options, *what)
        code, lines = self._children.run(command, line, unlogged=PROGRESS)
        if code != 0:
            raise _failed(lines)

    def _tells_progress(self) -> bool:
        """Whether this pip can tell how much of a file has come (`--progress-bar raw`, 24.1)."""
        for path in self._paths.packages().glob("pip-*.dist-info"):
            parts = path.name.removeprefix("pip-").removesuffix(".dist-info").split(".")
            if all(part.isdigit() for part in parts[:2]):
                return [int(part) for part in parts[:2]] >= [24, 1]
        return False

    def install_torch(
        self, torch: Requirement, offer: TorchOffer, constraints: Path, tell: Callable[[str], None]
    ) -> tuple[str, str]:
        """Install the first build that can be had. Returns (version with build, why it is that).

        Raises InstallRefusal where none can be had or it does not start.
        """
        note = offer.note
        name = offer.card.name if offer.card else "The card"
        cuda = any(build.index for build in offer.builds)
        if not self._first_of(torch, offer.builds, constraints, tell):
            note = (
                f"{name} cannot be used: no build of PyTorch {torch.version} for it could be "
                "fetched (the log says why). PyTorch works on the processor; check the connection "
                "and repair."
            )
            if not cuda or not self._first_of(
                torch, processor_builds(read_index()), constraints, tell
            ):
                raise InstallRefusal(
                    "torch-missing",
                    f"PyTorch {torch.version} could not be fetched.",
                    "Check the connection; installing again goes on where it was. The log has all.",
                )
        tell("Starting PyTorch")
        code, lines = self._probe()
        if code != 0:
            last = lines[-1] if lines else f"code {code}"
            raise InstallRefusal(
                "torch-broken", f"PyTorch does not start here: {last}", "Repair the installation."
            )
        version, usable = lines[-1].split()
        if "+cu" in version and usable == "no" and cuda:
            note = (
                f"{name} does not answer to PyTorch, which works on the processor. "
                "Update the card's driver, then repair."
            )
        return version, note

    def _probe(self) -> tuple[int, list[str]]:
        code = (
            "import torch; "
            "print(torch.__version__, 'yes' if torch.cuda.is_available() else 'no', flush=True)"
        )
        return self._children.run([str(self._paths.python), "-c", code], seconds=180)

    def _first_of(
        self,
        torch: Requirement,
        builds: Sequence[TorchBuild],
        constraints: Path,
        tell: Callable[[str], None],
    ) -> bool:
        """Install the first of these builds that can be had. False where none can."""
        # Not by --force-reinstall, which would fetch what it asks for again as well.
        clear_broken_off(self._paths.packages(), torch)
        if is_recorded(self._paths.packages(), torch):
            self._children.run(self._command("uninstall", "--yes", torch.name))
        for build in builds:
            what = f"{torch}+{build.name}" if build.name else str(torch)
            options = ["--index-url", build.index] if build.index else []
            try:
                # A CUDA build's libraries are packages of the same index; all else is there.
                self._run([what], tell, *options, "-c", str(constraints))
            except InstallRefusal as refusal:
                if refusal.code == "disk-full":
                    raise
                self._children.note(f"{what} could not be installed: {refusal.message}")
            else:
                return True
        return False


def _failed(lines: Sequence[str]) -> InstallRefusal:
    errors = [text[6:].strip() for text in lines if text.startswith("ERROR:")]
    last = errors[-1] if errors else next((text for text in reversed(lines) if text.strip()), "")
    if any("No space left" in text for text in lines):
        return InstallRefusal(
            "disk-full", "The disk is full.", "Free some space; installing goes on where it was."
        )
    return InstallRefusal(
        "pip-failed",
        f"pip could not install: {last or 'it said nothing'}",
        "Check the connection; installing again goes on where it was. The log has all of it.",
    )
