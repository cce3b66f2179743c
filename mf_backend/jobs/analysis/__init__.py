"""Analysing the actor of a clip into a store, and giving jobs their share of it."""
