"""How near three corrections by hand bring an actor's masks to careful ones."""
