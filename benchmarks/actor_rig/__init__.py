"""How true an actor rig is: on filmed shots whose joints are known in space, and on plain clips."""
