"""The MotionFollower sampler: reconstruction and editing branch in lockstep.

How it is used (all of it in `mf_backend.sampler.*`; importing this package loads nothing heavy):

    from mf_backend.sampler.options import SamplerOptions
    from mf_backend.sampler.inputs import SamplerInputs
    from mf_backend.sampler.memory import MemoryPlan
    from mf_backend.sampler.conditions import prepare
    from mf_backend.sampler.loop import run
    from mf_backend.sampler.state import SamplerState
    from mf_backend.sampler.decode import decode_frames

    options = SamplerOptions.default(steps=50, cfg=7.0, seed=42)      # or SamplerOptions.released()
    conditions = prepare(models, inputs, options, plan=plan, work_folder=None)
    state = run(models, conditions, options, state=None, plan=plan, on_unit=callback)
    for picture in decode_frames(models, conditions, state.edit, start=0): ...  # uint8 [H, W, 3]

`inputs` is a `SamplerInputs`: sequences (lists, arrays, or lazy ones that read a file in
`__getitem__`) of the source frames, source poses, target poses (uint8 [H, W, 3]) and the source
and target masks ([H, W], not zero = person), all of one size and length. Wrong input raises
`InputError` before any work.

`plan` is a `MemoryPlan` (how large the slices are, whether layers are recomputed). Networks may
live anywhere: the device of `models.unet` is where the work is done, and the image encoder, pose
controller and VAE are moved there only while they are used.

`on_unit(state, progress)` is called after each unit of work (one window of one replay of one
step); whatever it raises stops the run, and `state` then is a consistent point to go on from:
`state.save(path)`, `SamplerState.load(path, device)`, `run(..., state=state)`. `progress.done` is
the share of the expected work in [0, 1], `progress.step` of `progress.steps` whole steps.
"""
