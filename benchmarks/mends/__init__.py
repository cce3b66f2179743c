"""How near three corrections by hand bring an actor's masks, or joints, to the right ones."""
