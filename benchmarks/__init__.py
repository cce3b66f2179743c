"""Measurements' baselines; not part of the product."""
