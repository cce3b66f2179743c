"""Rigs: which bones are joints, and at which times they are read."""
