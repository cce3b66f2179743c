"""The backend as a child process: starting it, speaking to it, and what is known of its jobs."""
