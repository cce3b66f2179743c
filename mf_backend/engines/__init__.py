"""Engines: what makes the picture of the actor in the new motion."""
