"""HTML and pictures of results."""
