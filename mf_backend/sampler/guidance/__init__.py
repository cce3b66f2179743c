"""Score guidance: the energies of both branches, and their gradient."""
