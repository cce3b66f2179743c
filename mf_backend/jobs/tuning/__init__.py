"""Tuning a diffusion engine to a clip, beside its actor, and finding again what was learnt."""
