"""How the rig's skeleton is brought onto the actor."""

from bpy.props import BoolProperty, EnumProperty, FloatProperty

from mf_backend.contracts.request import Alignment, PlateFit, Settings, Shadow

from .makers import path_setting, plain

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

_SHADOWS = (
    (
        Shadow.MOVE,
        "Move",
        "Take the actor's shadow out of the footage and cast it anew from where the actor will be",
    ),
    (Shadow.KEEP, "Keep as Filmed", "Leave every shadow where the footage has it"),
)


_PLATE_FITS = (
    (
        PlateFit.REGISTERED,
        "Registered",
        "The plate shows the set as the first frame saw it; it follows the camera and the light",
    ),
    (PlateFit.AS_IS, "As It Is", "The plate's pixels exactly, frame by frame"),
)


class FitSettings:
    """How the rig's skeleton is brought onto the actor, and the user's own masks and joints."""

    alignment: EnumProperty(
        name="Alignment",
        items=plain(_ALIGNMENTS),
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
        default=Settings().widen_mask,
        min=0.0,
        max=32.0,
        soft_max=8.0,
        subtype="PIXEL",
        description="How many pixels around the actor the background is restored where he or she "
        "leaves. "
        "More removes a thin outline that stays behind; less keeps more of the clip's own pixels",
    )
    shadow: EnumProperty(
        name="Shadow",
        items=plain(_SHADOWS),
        description="What becomes of the shadow that the actor casts in the footage",
    )
    plate: path_setting(
        "Own Plate",
        "Your own picture or clip of the set alone, at the footage's own size, for what is behind "
        "the actor. Empty: what other frames saw there",
    )
    plate_fit: EnumProperty(
        name="Plate Fit",
        items=plain(_PLATE_FITS),
        description="How your own plate becomes the background of each frame",
    )
    outline: BoolProperty(
        name="Character's Outline",
        default=True,
        description="Let the shape of the rig's own meshes, as the camera sees them, say where the "
        "actor will be: the region that is painted anew follows the character's dress and build, "
        "too. Meshes that are hidden in the viewport or in renders do not count",
    )
    source_masks: path_setting(
        "Actor Masks",
        "Folder of your own masks of the actor, white on black, one for each frame. "
        "Empty: the actor is cut out automatically",
        folder=True,
    )
    source_poses: path_setting(
        "Actor Skeletons",
        "Folder of your own skeleton pictures of the actor, one for each frame. "
        "Empty: the joints are found automatically",
        folder=True,
    )
    source_joints: path_setting(
        "Actor Joints",
        "File (npz) of your own joints of the actor. Empty: found automatically",
    )
