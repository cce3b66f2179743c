"""Which engine makes the pictures, how well, and what it may use."""

from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty

from mf_backend.contracts.request import Quality, Solver

from .makers import plain

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
    (
        "sample",
        "MotionFollower Sample",
        "Paint with the small weights that come with the add-on. They know rendered figures in "
        "small pictures: to see the whole path work with no download and no card",
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
_SOLVERS = (
    (Solver.AUTO, "Automatic", "What Quality stands for"),
    (Solver.DDIM, "DDIM", "As published: many small steps"),
    (Solver.DPM, "DPM-Solver++", "Learn from the step before: good pictures in fewer steps"),
    (Solver.UNIPC, "UniPC", "Learn from the steps before and correct them: for the fewest steps"),
)


class QualitySettings:
    """Which engine makes the pictures, and with what."""

    engine: EnumProperty(
        name="Engine",
        items=plain(_ENGINES),
        description="What makes the new pictures: a fast preview that moves the clip's own "
        "pixels, or the MotionFollower model that paints the actor anew",
    )
    quality: EnumProperty(
        name="Quality",
        items=plain(_QUALITIES),
        default=str(Quality.FINAL),
        description="How much time the MotionFollower engine takes for a cleaner picture",
    )
    memory: EnumProperty(
        name="Memory",
        items=plain(_MEMORIES),
        description="How much of the graphics card's memory the MotionFollower engine may use; "
        "less is slower and gives the same picture",
    )
    compile: BoolProperty(
        name="Compile",
        description="Tune the MotionFollower engine to this computer first: the same "
        "picture, minutes longer to start. It may pay on a graphics card with long clips at Final "
        "quality. Where it cannot be done, the take goes on without",
    )
    tuned: BoolProperty(
        name="Use Tuning",
        default=True,
        description="Paint with what the MotionFollower engine learnt of this footage, where it "
        "was tuned to it",
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
    solver: EnumProperty(
        name="Solver",
        items=plain(_SOLVERS),
        description="How the MotionFollower engine gets from one step to the next",
    )
    start_strength: FloatProperty(
        name="Start Strength",
        min=0.0,
        max=1.0,
        description="How much of the preview's picture, from which the painting starts, is covered "
        "with noise: less keeps more of the footage's own pixels and is sooner done, 1 starts from "
        "noise alone. 0 takes what suits the weights",
    )
    moving_camera: BoolProperty(
        name="Moving Camera",
        description="Hold the background more firmly to the footage, for clips whose camera moves",
    )
