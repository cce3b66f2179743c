"""What a person put right of an actor, on disk and as it is applied.

NumPy and the standard library only: the add-on writes it, and the backend reads it.
"""
