"""The preview engine: the actor's own limbs warped into the target pose, on a CPU."""
