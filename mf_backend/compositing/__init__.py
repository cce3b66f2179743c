"""The window around the actor in which engines work, and putting its result back."""
