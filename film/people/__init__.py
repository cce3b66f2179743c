"""Bodies of any build, their rigs, clothes, hair and faces."""
