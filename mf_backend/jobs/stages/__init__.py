"""A job's stages: their names, their table, what they cost and what they leave."""
