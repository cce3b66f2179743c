"""Every finished job of a folder becomes a take; for `blender -b` and scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import ExitCode, InputError, MFError
from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.disk.folder import JobFolder, read_job
from mf_backend.jobs.disk.state import JobState, Status, read_state

from ....core.job.provenance import Origin, read_origin
from ...take import home_scene, strips
from ...take.bring_in_pieces import BringIn
from ..batch import Outcome
from ..jobs_on_disk import how_far

ALREADY = "already in the Sequencer"


def bring_in_job(folder: Path) -> Outcome:
    """Place one job's result in the Sequencer of its scene; how it went.

    Never raises for what a person can mend. A job whose take is there stays as it is.
    """
    warnings: list[tuple[str, str]] = []
    try:
        job, request = read_job(folder)
        origin = read_origin(request.about)
        title = origin.title or folder.name
    except MFError as error:
        return Outcome(
            folder.name, error.exit_code, error.code, error.message, error.hint, str(folder)
        )
    try:
        state = read_state(job.state)
        if state.status is not Status.DONE:
            raise _unfinished(job, state)
        scene = _home(origin, warnings)
        there = strips.find_take(scene, request.id)
        strip = there if there is not None else _place(job, request, origin, scene, warnings)
    except MFError as error:
        return Outcome(title, error.exit_code, error.code, error.message, error.hint, str(folder))
    return Outcome(
        name=title,
        exit_code=ExitCode.DONE,
        folder=str(folder),
        frames=request.reference.count,
        mp4=str(job.mp4) if job.mp4.is_file() else "",
        report=str(job.report),
        strip=str(strip.name),
        statement=ALREADY if there is not None else f"in the Sequencer as {strip.name}",
        warnings=tuple(message for _, message in warnings),
    )


def _place(
    job: JobFolder,
    request: JobRequest,
    origin: Origin,
    scene: Any,
    warnings: list[tuple[str, str]],
) -> Any:
    # Saved along, it tells every later call that this is the scene, whatever the file is called.
    home_scene.mark_again(scene, origin.scene_id)
    return BringIn(job, request, origin, warnings).run(scene)


def _unfinished(job: JobFolder, state: JobState) -> MFError:
    told = state.error if isinstance(state.error, dict) else {}
    why = f": {told['message']}" if told.get("message") else "."
    return MFError(
        "job-unfinished",
        f"The job in {job.path} is not finished. {how_far(state)}{why}",
        str(told.get("hint") or "Run it, then bring it in."),
    )


def _home(origin: Origin, warnings: list[tuple[str, str]]) -> Any:
    """The scene that a job was made for: by its mark, by its file, else by its name alone.

    Whoever calls this has named both the file and the jobs; on a farm the file lies elsewhere.
    """
    scene = home_scene.find_scene(origin)
    if scene is None:
        scene = bpy.data.scenes.get(origin.scene)
        if scene is None:
            raise InputError(
                "scene-missing",
                f"This file has no scene {origin.scene!r}, which the job was made for in "
                f"{origin.blend or 'a file that was never saved'}.",
                "Open that file.",
            )
        words = f"The job was made in {origin.blend or 'a file that was never saved'}; it came to "
        warnings.append(("by-name", f"{words}the scene of the same name."))
    return scene
