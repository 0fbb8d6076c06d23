"""Pictures, files and recipes: bytes and paths in, PIL images and outputs out."""
