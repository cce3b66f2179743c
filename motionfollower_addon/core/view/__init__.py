"""What is drawn over a view: places and lines as plain geometry."""
