"""Weights: look, verify, import, fetch, move, delete; sizes and free disk are shown first."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from mf_backend.contracts.errors import InputError, MFError

from .. import ids
from ..core.setup.weights import free_space, set_files, size_text
from ..host.setup.backend import require_online
from ..host.setup.weights import weights_setup
from .reporting import ask_first, refuse


class _OnWeights:
    """Starts one program about weights; buttons return at once, scripts wait for its end."""

    def begin(self) -> Any:
        """Start it."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: Any) -> bool:
        """One at a time."""
        if weights_setup().working:
            cls.poll_message_set("Wait for the work on the weights that goes on")  # type: ignore[attr-defined]
            return False
        return True

    def execute(self, context: Any) -> set[str]:
        """Start; wait where there is no window whose timer would listen."""
        try:
            task = self.begin()
            if bpy.app.background:
                weights_setup().wait(task)
        except MFError as error:
            return refuse(self, error)
        return {"FINISHED"}


class _NeedsNet(_OnWeights):
    """Only while Blender's online access is on."""

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Says why not."""
        try:
            require_online()
        except InputError as error:
            cls.poll_message_set(str(error))  # type: ignore[attr-defined]
            return False
        return super().poll(context)


class _AsksFirst:
    """Opens a dialog in which folder and sizes are seen before anything is done."""

    confirm: str
    """What its button says."""

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Open it; its confirmation runs `execute`."""
        return ask_first(self, context, 520, self.confirm)


class MF_OT_weights_look(_OnWeights, bpy.types.Operator):
    """See which weights the MotionFollower engine needs to paint, and which of them are here"""

    bl_idname = ids.OP_WEIGHTS_LOOK
    bl_label = "Look for Weights"

    def begin(self) -> Any:
        """Ask."""
        return weights_setup().look()


class MF_OT_weights_verify(_OnWeights, bpy.types.Operator):
    """Check that no file of the imported weights was changed or damaged since it came in"""

    bl_idname = ids.OP_WEIGHTS_VERIFY
    bl_label = "Verify Weights"

    def begin(self) -> Any:
        """Compare."""
        return weights_setup().verify()


class MF_OT_weights_import(_AsksFirst, _OnWeights, bpy.types.Operator):
    """Make the weights that the MotionFollower engine paints with out of the downloaded files, \
which stay as they are"""

    bl_idname = ids.OP_WEIGHTS_IMPORT
    bl_label = "Import Weights"
    confirm = "Import"

    source: StringProperty(
        name="From",
        subtype="DIR_PATH",
        description="Folder of the downloaded files and folders",
        options={"SKIP_SAVE"},
    )
    replace: BoolProperty(
        name="Replace What Is There",
        default=False,
        description="Put the new set in the place of the one that is in the weights' folder",
        options={"SKIP_SAVE"},
    )

    def draw(self, context: Any) -> None:
        """Sizes and free disk."""
        layout, setup = self.layout, weights_setup()
        layout.prop(self, "source")
        layout.prop(self, "replace")
        if self.source:
            size = setup.size_of(bpy.path.abspath(self.source))
            layout.label(text=f"The folder holds {size_text(size)}; the set takes that or less.")
        if setup.folder is not None:
            layout.label(text=f"To {setup.folder}, {size_text(free_space(setup.folder))} free.")

    def begin(self) -> Any:
        """Import."""
        return weights_setup().import_from(self.source, self.replace)


class MF_OT_weights_sizes(_NeedsNet, bpy.types.Operator):
    """Ask how large the downloads from the model hub are; nothing is fetched yet"""

    bl_idname = ids.OP_WEIGHTS_SIZES
    bl_label = "Ask for Sizes"

    def begin(self) -> Any:
        """Ask."""
        return weights_setup().ask_sizes()


class MF_OT_weights_fetch(_NeedsNet, bpy.types.Operator):
    """Download the base models from the model hub; one that broke off goes on where it was"""

    bl_idname = ids.OP_WEIGHTS_FETCH
    bl_label = "Fetch"

    def begin(self) -> Any:
        """Fetch."""
        return weights_setup().fetch()


class MF_OT_weights_move(_AsksFirst, _OnWeights, bpy.types.Operator):
    """Move the imported weights to another folder or disk, and use them from there"""

    bl_idname = ids.OP_WEIGHTS_MOVE
    bl_label = "Move Weights"
    confirm = "Move"

    target: StringProperty(
        name="To",
        subtype="DIR_PATH",
        description="New or empty folder that the weights are moved into",
        options={"SKIP_SAVE"},
    )

    def draw(self, context: Any) -> None:
        """Sizes and free disk."""
        _draw_set(self.layout)
        self.layout.prop(self, "target")
        if self.target:
            free = free_space(Path(bpy.path.abspath(self.target)))
            self.layout.label(text=f"There are {size_text(free)} free there.")

    def begin(self) -> Any:
        """Move."""
        return weights_setup().move(self.target)


class MF_OT_weights_delete(_AsksFirst, bpy.types.Operator):
    """Delete the imported weights (asks first); downloaded files and jobs stay"""

    bl_idname = ids.OP_WEIGHTS_DELETE
    bl_label = "Delete Weights"
    confirm = "Delete"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Not while something works on them."""
        if weights_setup().working:
            cls.poll_message_set("Wait for the work on the weights that goes on")
            return False
        return True

    def draw(self, context: Any) -> None:
        """Say what would go."""
        self.layout.label(text="Delete these weights? They must be imported again to be used.")
        _draw_set(self.layout)

    def execute(self, context: Any) -> set[str]:
        """Delete."""
        try:
            freed = weights_setup().delete()
        except (MFError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"The weights were deleted, {size_text(freed)} are free.")
        return {"FINISHED"}


class MF_OT_weights_cancel(bpy.types.Operator):
    """Stop this work on the weights; nothing half done is used"""

    bl_idname = ids.OP_WEIGHTS_CANCEL
    bl_label = "Cancel"

    def execute(self, context: Any) -> set[str]:
        """Stop it."""
        weights_setup().cancel()
        return {"FINISHED"}


def _draw_set(layout: Any) -> None:
    folder = weights_setup().folder
    if folder is None:
        layout.label(text="Look for the weights first.")
        return
    try:
        files = set_files(folder)
        layout.label(text=f"{folder}: {len(files.names)} files, {size_text(files.size)}")
    except InputError as error:
        layout.label(text=str(error))


CLASSES = (
    MF_OT_weights_look,
    MF_OT_weights_verify,
    MF_OT_weights_import,
    MF_OT_weights_sizes,
    MF_OT_weights_fetch,
    MF_OT_weights_move,
    MF_OT_weights_delete,
    MF_OT_weights_cancel,
)
