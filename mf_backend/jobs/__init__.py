"""Jobs: the request, the folder on disk, the stages and what runs them."""
