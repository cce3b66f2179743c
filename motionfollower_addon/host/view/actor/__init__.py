"""The analysed actor, as panels and views look at it."""
