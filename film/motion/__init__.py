"""Motions as stances over time, for any rig of any build."""
