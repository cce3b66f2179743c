"""Setting up the backend and its weights from the preferences."""
