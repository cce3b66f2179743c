"""The commands of dev.py. Standard library only: they run before anything is installed."""
