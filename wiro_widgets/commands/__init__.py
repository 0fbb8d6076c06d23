"""One file for each command of `wiro-widgets`."""
