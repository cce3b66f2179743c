"""Noise: the schedule, going back up it, and fresh noise inside the target mask."""
