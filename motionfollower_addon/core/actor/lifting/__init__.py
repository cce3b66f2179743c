"""Lifting: from an actor in the picture to a figure of constant bones in space."""
