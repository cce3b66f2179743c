"""What finished work left, by size and hash: results count only while they are so."""
