"""The target motion fitted to the actor: alignment, limb lengths, and where he will be seen."""
