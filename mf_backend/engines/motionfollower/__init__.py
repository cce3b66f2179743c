"""The diffusion engine: MotionFollower's networks and sampler in a window around the actor."""
