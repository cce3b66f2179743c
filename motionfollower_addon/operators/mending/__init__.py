"""Putting right what was found of the actor."""
