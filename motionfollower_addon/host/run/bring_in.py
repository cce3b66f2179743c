"""A finished job on disk becomes a take of the open file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.disk.folder import JobFolder, read_job
from mf_backend.jobs.disk.state import Status, read_state

from ...core.job.provenance import Origin, read_origin
from ..take import home_scene
from ..take.bring_in_pieces import BringIn
from .flow import RenderFlow
from .session import current


def bring_in(folder: Path, warnings: list[tuple[str, str]]) -> Any:
    """Place the result of a finished job in the scene it was made for, and return the strip.

    Raises InputError while the job is unfinished or another file is open.
    """
    request, origin, scene = _check(folder, None)
    strip = BringIn(JobFolder(folder), request, origin, warnings).run(scene)
    home_scene.show_new_take(scene)
    return strip


def begin(folder: Path, here: Any = None) -> RenderFlow:
    """The same for the window: a run whose result only has to come in. Raises the same.

    A result whose own scene is gone for good comes to the scene `here`.
    """
    flow = current().flow_of(folder)
    if flow is None or not flow.scene_gone:
        _check(folder, here)
        flow = current().make_flow(folder=folder, finished=True)
    if here is not None and flow.scene_gone:
        flow.destination.adopt(here)
    return flow


def _check(folder: Path, here: Any) -> tuple[JobRequest, Origin, Any]:
    job, request = read_job(folder)
    if read_state(job.state).status is not Status.DONE:
        raise InputError("job-unfinished", f"The job in {folder} is not finished.", "Resume it.")
    origin = read_origin(request.about)
    scene = home_scene.find_scene(origin)
    if scene is None and not home_scene.known_file(folder, origin):
        scene = here
    if scene is None:
        raise InputError(
            "scene-missing",
            f"This job was made for the scene {origin.scene!r} of "
            f"{origin.blend or 'a file that was never saved'}.",
            "Open that file first.",
        )
    return request, origin, scene
