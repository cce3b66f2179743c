"""What a scene keeps: the settings of the panels, and how they become a shot."""

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from mf_backend.contracts.request import Alignment, Quality

from . import ids
from .core.rig.bone_maps import load_bone_maps
from .core.rig.retiming import Policy
from .host import compat
from .host.footage import source as clip
from .host.rig import scene_objects

_SOURCES = (
    ("STRIP", "Strip", "The footage is a strip of the Sequencer"),
    ("FILE", "File", "The footage is a video file or a folder of numbered images"),
)
_RANGES = (
    ("ACTION", "Action", "Use the action from its first to its last frame"),
    ("SCENE", "Scene", "Use the scene's frame range"),
    ("CUSTOM", "Custom", "Use the frames given below"),
)
_RETIMES = (
    (Policy.TRIM, "Trim", "Cut the longer of motion and clip to the shorter one"),
    (Policy.HOLD, "Hold", "Hold the last pose where the motion ends before the clip"),
    (Policy.LOOP, "Loop", "Start the motion again where it ends before the clip"),
    (Policy.STRETCH, "Stretch", "Play the motion slower or faster so that it fills the clip"),
    (Policy.ERROR, "Refuse", "Do not render where motion and clip differ in length"),
)
_ALIGNMENTS = (
    (
        Alignment.FIT,
        "Fit to Actor",
        "Move and scale the rig's skeleton so that it stands where the actor stands, as tall",
    ),
    (
        Alignment.MATCHED,
        "Matched Camera",
        "Use the skeleton just as the camera films it; for scenes whose camera matches the clip's",
    ),
)
_ENGINES = (
    (
        "preview",
        "Preview",
        "Cut out the actor and move the limbs; fast, on any computer, for blocking and timing",
    ),
    (
        "motionfollower",
        "MotionFollower",
        "Paint the actor anew, for the picture that stays; slow, and wants a graphics card",
    ),
)
_QUALITIES = (
    (
        Quality.DRAFT,
        "Draft",
        "Few passes over the picture: rougher and much sooner there, to judge the motion",
    ),
    (Quality.FINAL, "Final", "All passes over the picture, for the one that stays"),
)
_MEMORIES = (
    ("auto", "Automatic", "Take what fits into the memory that is free, which is fastest"),
    ("6", "6 GB", "Work within 6 GB of the card's memory: the same picture, slowest"),
    ("8", "8 GB", "Work within 8 GB of the card's memory: the same picture, slower"),
    ("12", "12 GB", "Work within 12 GB of the card's memory: the same picture"),
    ("24", "24 GB", "Work within 24 GB of the card's memory: the same picture, fastest"),
)


def _plain(items: Any) -> list[tuple[str, str, str]]:
    """Blender takes plain strings only, no enums of them."""
    return [(str(key), label, text) for key, label, text in items]


def _is_armature(settings: Any, item: Any) -> bool:
    return item.type == "ARMATURE" and item in scene_objects.armatures(settings.id_data)


def _is_camera(settings: Any, item: Any) -> bool:
    return item.type == "CAMERA" and settings.id_data.objects.get(item.name) == item


def _strip_names(_: Any, context: Any, __: str) -> list[str]:
    return [item.name for item in clip.footage_strips(compat.sequencer_scene(context))]


def _slot_names(settings: Any, _: Any, __: str) -> list[str]:
    slots = compat.action_slots(settings.action) if settings.action else []
    return [slot.identifier for slot in slots]


_BONE_MAPS = [
    ("AUTO", "Best Fit", "The rig's own list where it has one, else the map that fits it best"),
    *((item.id, item.label, f"The bone names of {item.label}") for item in load_bone_maps()),
]
_ENDS = (
    ("HEAD", "Head", "The joint is at the bone's head"),
    ("TAIL", "Tail", "The joint is at the bone's tail"),
    ("TIP", "Tip", "The joint is the far end of a finger whose last bone may point anywhere"),
)


_OVERRIDE = {"LIBRARY_OVERRIDABLE"}


def _redraw(_: Any, __: Any) -> None:
    compat.redraw()


class MF_PG_bone(bpy.types.PropertyGroup):
    """One row of a bone list: a joint and the bone that it is at.

    A rig that overrides a linked one has a list of its own, which is saved with it.
    """

    name: StringProperty(options={"HIDDEN"}, override=_OVERRIDE)
    joint: StringProperty(options={"HIDDEN"}, override=_OVERRIDE)
    bone: StringProperty(
        name="Bone",
        override=_OVERRIDE,
        description="Bone that this joint follows. Empty: the joint is left out",
    )
    end: EnumProperty(
        name="End",
        override=_OVERRIDE,
        items=_ENDS,
        description="At which point of the bone the joint of the skeleton is drawn",
    )


class MF_PG_settings(bpy.types.PropertyGroup):
    """Settings of one scene; every default works untouched in a scene with one of each."""

    scene_id: StringProperty(options={"HIDDEN"})
    show_footage: BoolProperty(
        name="Footage", description="The clip whose actor gets the new motion"
    )
    show_motion: BoolProperty(
        name="Motion",
        description="The rig whose action the actor will perform, and the camera that films it",
    )
    show_bones: BoolProperty(
        name="Bones", description="Which bones of the rig move which joints of the actor"
    )
    show_fit: BoolProperty(
        name="Fit to Actor",
        description="How the rig's skeleton is brought onto the actor: how tall and where in the "
        "picture the actor will be",
    )
    show_quality: BoolProperty(
        name="Quality", description="Which engine makes the pictures, how well, and what it needs"
    )
    show_overlay: BoolProperty(
        name="Show Skeleton",
        update=_redraw,
        description="Draw the rig's skeleton live over every 3D View; through the camera it is "
        "exactly what the actor will follow",
    )
    show_fitting: BoolProperty(
        name="Show Fit",
        update=_redraw,
        description="Draw the actor's skeleton as it was found (white) and the rig's as it was "
        "fitted to him or her (coloured) over the camera's view and over previewed frames",
    )
    bone_row: IntProperty(options={"HIDDEN"})
    show_render: BoolProperty(
        name="Render", default=True, description="Start a take, and see how far each run is"
    )
    show_takes: BoolProperty(
        name="Takes",
        default=True,
        description="Finished results over the footage, one visible at a time",
    )
    source: EnumProperty(
        name="Source",
        items=_plain(_SOURCES),
        description="Where the footage comes from that shows the actor",
    )
    strip: StringProperty(
        name="Strip",
        search=_strip_names,
        search_options={"SORT"},
        description="Movie or image strip that shows the actor; the result comes in over it. "
        "Empty: the active strip, or the only one",
    )
    clip: StringProperty(
        name="Clip",
        subtype="FILE_PATH",
        options=compat.path_options(),
        description="Video file, or an image of a numbered sequence, that shows the actor",
    )
    fps: FloatProperty(
        name="Frame Rate",
        min=0.0,
        max=240.0,
        description="Frames a second of a folder of images, so how fast the result plays; 0 takes "
        "a video's own, and for images the scene's",
    )
    first: IntProperty(
        name="Skip",
        min=0,
        description="Frames left out at the start of what the strip or file shows; the motion "
        "begins after them",
    )
    count: IntProperty(
        name="Frames",
        min=0,
        description="How many frames of the clip get the new motion; 0 means all",
    )
    armature: PointerProperty(
        name="Armature",
        type=bpy.types.Object,
        poll=_is_armature,
        description="Rig whose motion the actor takes. Empty: the only one in the scene, or the "
        "only one that moves",
    )
    action: PointerProperty(
        name="Action",
        type=bpy.types.Action,
        description="Motion to render. Empty: the motion as the scene plays it, NLA included",
    )
    slot: StringProperty(
        name="Slot",
        search=_slot_names,
        search_options={"SORT"},
        description="The action's slot that the actor performs. Empty: the one that fits the "
        "armature",
    )
    camera: PointerProperty(
        name="Camera",
        type=bpy.types.Object,
        poll=_is_camera,
        description="Camera through which the rig's motion is seen in the picture. Empty: the "
        "scene's active camera",
    )
    range_source: EnumProperty(
        name="Range",
        items=_plain(_RANGES),
        description="Which frames of the motion the actor performs",
    )
    range_start: FloatProperty(
        name="Start",
        default=1.0,
        description="Scene frame of the pose that the actor has in the clip's first frame",
    )
    range_end: FloatProperty(
        name="End", default=250.0, description="Scene frame of the last pose that the actor takes"
    )
    retime: EnumProperty(
        name="If Lengths Differ",
        items=_plain(_RETIMES),
        description="What the actor does where the motion and the clip differ in length",
    )
    bone_map: EnumProperty(
        name="Bone Map",
        items=_BONE_MAPS,
        description="Which bone names the rig follows: by them each joint of the actor finds its "
        "bone",
    )
    alignment: EnumProperty(
        name="Alignment",
        items=_plain(_ALIGNMENTS),
        description="How the rig's skeleton is brought onto the actor: how tall and where in the "
        "picture the actor will be",
    )
    keep_limb_lengths: BoolProperty(
        name="Keep Limb Lengths",
        default=True,
        description="Give each limb the actor's own length instead of the rig's, so that the "
        "actor keeps his or her build",
    )
    widen_mask: FloatProperty(
        name="Widen Mask",
        default=2.0,
        min=0.0,
        max=32.0,
        soft_max=8.0,
        subtype="PIXEL",
        description="How many pixels around the actor the background is restored where he or she "
        "leaves. "
        "More removes a thin outline that stays behind; less keeps more of the clip's own pixels",
    )
    outline: BoolProperty(
        name="Character's Outline",
        default=True,
        description="Let the shape of the rig's own meshes, as the camera sees them, say where the "
        "actor will be: the region that is painted anew follows the character's dress and build, "
        "too. Meshes that are hidden in the viewport or in renders do not count",
    )
    source_masks: StringProperty(
        name="Actor Masks",
        subtype="DIR_PATH",
        options=compat.path_options(),
        description="Folder of your own masks of the actor, white on black, one for each frame. "
        "Empty: the actor is cut out automatically",
    )
    source_poses: StringProperty(
        name="Actor Skeletons",
        subtype="DIR_PATH",
        options=compat.path_options(),
        description="Folder of your own skeleton pictures of the actor, one for each frame. "
        "Empty: the joints are found automatically",
    )
    source_joints: StringProperty(
        name="Actor Joints",
        subtype="FILE_PATH",
        options=compat.path_options(),
        description="File (npz) of your own joints of the actor. Empty: found automatically",
    )
    engine: EnumProperty(
        name="Engine",
        items=_plain(_ENGINES),
        description="What makes the new pictures: a fast preview that moves the clip's own "
        "pixels, or the MotionFollower model that paints the actor anew",
    )
    quality: EnumProperty(
        name="Quality",
        items=_plain(_QUALITIES),
        default=str(Quality.FINAL),
        description="How much time the MotionFollower engine takes for a cleaner picture",
    )
    memory: EnumProperty(
        name="Memory",
        items=_plain(_MEMORIES),
        description="How much of the graphics card's memory the MotionFollower engine may use; "
        "less is slower and gives the same picture",
    )
    compile: BoolProperty(
        name="Compile",
        description="Tune the MotionFollower engine to this computer first: the same "
        "picture, minutes longer to start. It may pay on a graphics card with long clips at Final "
        "quality. Where it cannot be done, the take goes on without",
    )
    seed: IntProperty(
        name="Seed",
        default=42,
        min=0,
        description="Start of the random numbers; another seed paints other details",
    )
    steps: IntProperty(
        name="Steps",
        min=0,
        max=1000,
        description="Passes over the picture; more make it cleaner and take longer. "
        "0 takes as many as Quality stands for",
    )
    cfg: FloatProperty(
        name="Guidance Scale",
        default=7.0,
        min=1.0,
        max=30.0,
        description="How closely the picture keeps to the actor's look (classifier-free guidance)",
    )
    guidance: FloatProperty(
        name="Consistency",
        default=4.0,
        min=0.0,
        max=100.0,
        description="How strongly background and actor are held to the footage (score guidance); "
        "0 switches it off and is faster",
    )
    moving_camera: BoolProperty(
        name="Moving Camera",
        description="Hold the background more firmly to the footage, for clips whose camera moves",
    )
    mp4: StringProperty(
        name="Video File",
        subtype="FILE_PATH",
        options=compat.path_options(),
        description="Where a copy of the finished video goes. Empty: only into the job's folder",
    )
    title: StringProperty(
        name="Take",
        description="Name of the next take, as its strip is called. Empty: named after the motion",
    )


CLASSES = (MF_PG_bone, MF_PG_settings)


def register() -> None:
    """Give every scene its settings and every object its bone list."""
    setattr(bpy.types.Scene, ids.SCENE_PROPERTY, PointerProperty(type=MF_PG_settings))
    setattr(
        bpy.types.Object,
        ids.BONES_PROPERTY,
        CollectionProperty(type=MF_PG_bone, override={*_OVERRIDE, "USE_INSERTION"}),
    )


def unregister() -> None:
    """Take them away again."""
    delattr(bpy.types.Scene, ids.SCENE_PROPERTY)
    delattr(bpy.types.Object, ids.BONES_PROPERTY)
