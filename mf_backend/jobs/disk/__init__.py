"""What lies in a job folder, and holding it for one worker."""
