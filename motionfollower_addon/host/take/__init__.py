"""Takes: results in the Sequencer, and the scene that each belongs to."""
