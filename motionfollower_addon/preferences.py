"""The add-on's preferences: where the backend is, where jobs go, which device works."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from .host.options import PACKAGE, user_folder
from .panels.setup import draw_setup

_PYTHONS = (
    (
        "AUTO",
        "Find or Fetch",
        "A Python 3.11 or 3.12 of this machine; where there is none, one is downloaded (by uv)",
    ),
    ("FOUND", "Of This Machine", "Only one that is installed already"),
    ("CHOSEN", "Chosen", "The one that you point at"),
    ("UV", "By uv", "One that uv knows or fetches; uv itself is fetched where it is missing"),
)
_TORCHES = (
    (
        "AUTO",
        "Fitting the Card",
        "The build for the NVIDIA card that is found, else for the processor",
    ),
    ("PROCESSOR", "Processor Only", "Smaller; the preview engine needs no more"),
)


class MF_AP_preferences(bpy.types.AddonPreferences):
    """Preferences of the add-on."""

    bl_idname = PACKAGE

    backend_python: StringProperty(
        name="Used Python",
        subtype="FILE_PATH",
        description="Python of the backend that is used. Installing sets it; name another one here "
        "if you installed the backend yourself",
    )
    jobs_folder: StringProperty(
        name="Jobs of Unsaved Files",
        subtype="DIR_PATH",
        description="Where the frames of takes are kept while the .blend is not saved; else "
        "they lie beside it. Empty: Blender's own folder of user files",
    )
    device: StringProperty(
        name="Device",
        default="auto",
        description="What the MotionFollower engine computes on; decides how long a take needs. "
        "'auto' takes the fastest one",
    )
    weights: StringProperty(
        name="Weights",
        subtype="DIR_PATH",
        description="Folder of the imported weights, without which the MotionFollower engine "
        "cannot paint. Empty: the backend's own folder",
    )

    show_choices: BoolProperty(
        name="Folder, Python and PyTorch",
        description="Show where the backend is installed and what it is made of",
    )
    install_folder: StringProperty(
        name="Folder",
        subtype="DIR_PATH",
        description="New or empty folder that the backend is installed in, a few GB. Empty: "
        "Blender's own folder of user files",
    )
    python_choice: EnumProperty(
        name="Python",
        items=_PYTHONS,
        description="Where the Python 3.11 or 3.12 comes from that the backend runs in",
    )
    python_path: StringProperty(
        name="Chosen Python",
        subtype="FILE_PATH",
        description="Program or folder of a Python 3.11 or 3.12",
    )
    torch_choice: EnumProperty(
        name="PyTorch",
        items=_TORCHES,
        description="Whether the MotionFollower engine can use an NVIDIA card, which makes it many "
        "times faster",
    )
    downloads_folder: StringProperty(
        name="Downloads",
        subtype="DIR_PATH",
        description="Folder that base models are fetched into before they are imported",
    )

    def draw(self, context: Any) -> None:
        """Draw setting up, then the rest."""
        layout = self.layout
        draw_setup(layout, context, self)
        layout.use_property_split = True
        layout.prop(self, "jobs_folder", placeholder=str(user_folder("jobs")))


CLASSES = (MF_AP_preferences,)
