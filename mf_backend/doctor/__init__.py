"""Looking at this machine: what it has, what it lacks, what it could run."""
