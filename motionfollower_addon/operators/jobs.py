"""Looking at jobs: folder, log, report, and the list of those on disk."""

import os
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from mf_backend.contracts.errors import InputError, MFError

from .. import ids
from ..host import compat
from ..host.run import bring_in
from ..host.run.jobs_on_disk import look_again, refresh
from ..host.run.session import current
from .reporting import refuse, warn_all


class MF_OT_open_folder(bpy.types.Operator):
    """Show the job's folder in the file manager: frames, video, report and log"""

    bl_idname = ids.OP_OPEN_FOLDER
    bl_label = "Open Folder"

    folder: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: Any) -> set[str]:
        """Open the folder outside Blender."""
        if not Path(self.folder).is_dir():
            return refuse(
                self, InputError("folder-missing", f"The job's folder {self.folder} is gone.")
            )
        bpy.ops.wm.path_open(filepath=self.folder)
        return {"FINISHED"}


class MF_OT_open_log(bpy.types.Operator):
    """Show in a Text Editor what the backend wrote about this run, to find out why it failed"""

    bl_idname = ids.OP_OPEN_LOG
    bl_label = "Open Log"

    log: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: Any) -> set[str]:
        """Load the log's present content as a text of this file."""
        backend = current().backend
        log = Path(self.log) if self.log else backend.process.log if backend else None
        if log is None or not log.is_file():
            return refuse(self, InputError("log-missing", "There is no log yet."))
        for text in bpy.data.texts:
            if text.filepath and Path(bpy.path.abspath(text.filepath)) == log:
                bpy.data.texts.remove(text)
        _show_text(bpy.data.texts.load(str(log)))
        return {"FINISHED"}


_LAST_LINES = 20
"""Lines at a log's end that are shown at once."""


def _show_text(text: Any) -> None:
    """Show a text's end in a Text Editor that is open, else in a new window."""
    windows = list(compat.windows())
    if not windows:
        return
    areas = [area for window in windows for area in window.screen.areas]
    area = next((item for item in areas if item.type == "TEXT_EDITOR"), None)
    if area is None:
        with bpy.context.temp_override(window=windows[0]):
            bpy.ops.wm.window_new()
        opened = next(item for item in compat.windows() if item not in windows)
        area = max(opened.screen.areas, key=lambda item: item.width * item.height)
        area.type = "TEXT_EDITOR"
    space = area.spaces.active
    space.text = text
    space.show_word_wrap = True
    space.top = max(0, len(text.lines) - _LAST_LINES)


class MF_OT_copy_report(bpy.types.Operator):
    """Copy to the clipboard how this take was made: footage, settings, versions and timings"""

    bl_idname = ids.OP_COPY_REPORT
    bl_label = "Copy Report"

    folder: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: Any) -> set[str]:
        """Copy report.json, or how far the job came while there is no report."""
        folder = Path(self.folder)
        for name in ("report.json", "state.json"):
            if (folder / name).is_file():
                text = (folder / name).read_text(encoding="utf-8")
                context.window_manager.clipboard = text
                self.report({"INFO"}, f"{name} is on the clipboard.")
                return {"FINISHED"}
        return refuse(self, InputError("report-missing", f"{folder} has no report yet."))


class MF_OT_bring_in(bpy.types.Operator):
    """Put the finished result of this job over its footage as a take"""

    bl_idname = ids.OP_BRING_IN
    bl_label = "Bring In"
    # Its step of undo is made when the take is there.
    bl_options = {"REGISTER"}

    folder: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    here: BoolProperty(
        description="Put it in the Sequencer that is open, since the scene it was made for is gone",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """The tooltip of the very button."""
        if not properties.here:
            return str(cls.__doc__)
        return (
            "Put the finished result and its footage into this scene's Sequencer, since the "
            "scene it was made for is gone"
        )

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From a button: a timer does it piece by piece."""
        try:
            here = compat.sequencer_scene(context) if self.here else None
            current().add(bring_in.begin(Path(self.folder), here))
        except MFError as error:
            return refuse(self, error)
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """From scripts: place the strip in the scene it was made for."""
        warnings: list[tuple[str, str]] = []
        try:
            strip = bring_in.bring_in(Path(self.folder), warnings)
        except MFError as error:
            return refuse(self, error)
        refresh()
        warn_all(self, warnings)
        self.report({"INFO"}, f"{strip.name} came in over the footage.")
        return {"FINISHED"}


class MF_OT_rescan(bpy.types.Operator):
    """Look again for jobs beside this file that were not finished or not brought in"""

    bl_idname = ids.OP_RESCAN
    bl_label = "Look for Jobs"

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From the button: the list is new a moment later."""
        look_again()
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """From scripts: read the job folders again, and wait for the disk."""
        found = refresh()
        count = f"{len(found)} jobs wait" if len(found) != 1 else "1 job waits"
        self.report({"INFO"}, f"{count} to be resumed or brought in.")
        return {"FINISHED"}


class MF_OT_check_backend(bpy.types.Operator):
    """Start the backend and ask it what it is and what it can do"""

    bl_idname = ids.OP_CHECK_BACKEND
    bl_label = "Check Backend"

    def execute(self, context: Any) -> set[str]:
        """Start it; the answer appears in the preferences."""
        session = current()
        try:
            if not session.active:
                session.close_backend()
            session.client()
        except (MFError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        session.start_timer()
        self.report(
            {"INFO"}, f"The backend starts; its log is {os.fspath(session.client().process.log)}"
        )
        return {"FINISHED"}


CLASSES = (
    MF_OT_open_folder,
    MF_OT_open_log,
    MF_OT_copy_report,
    MF_OT_bring_in,
    MF_OT_rescan,
    MF_OT_check_backend,
)
