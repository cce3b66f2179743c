"""Skeletons: joint tables, the drawing the weights were trained on, and reading it back."""
