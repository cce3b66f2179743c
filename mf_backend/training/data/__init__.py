"""Shots for training: reading them, and drawing batches from them."""
