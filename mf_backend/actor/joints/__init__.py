"""Joints of the actor: estimators, following one person, and temporal repair."""
