"""Jobs of the real backend, from the true and the estimated conditions of a filmed shot."""
