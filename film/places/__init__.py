"""Sets to film in, their light, and what stands or is held in them."""
