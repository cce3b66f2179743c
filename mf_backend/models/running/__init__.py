"""Ways of running a network's layers: at once, in slices, or remembered for gradients."""
