"""Takes that are worked on elsewhere: handed out as job folders, and brought in."""
