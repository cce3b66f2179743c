"""A shot as data, and filming it: frames, mattes, joints, the set without the actor."""
