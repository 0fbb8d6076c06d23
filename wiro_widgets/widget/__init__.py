"""Floor 3: the notebook."""
