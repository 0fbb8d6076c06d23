"""The models of the sandbox."""
