"""Mattes and masks of the actor: estimators, their shape, and what they must not leave behind."""
