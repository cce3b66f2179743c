"""The actor's shadow: found in the clip, and cast anew from where the actor will be."""
