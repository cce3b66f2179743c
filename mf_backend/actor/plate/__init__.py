"""The background without the actor, recovered from the clip itself."""
