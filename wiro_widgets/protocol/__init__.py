"""Floor 0: what Wiro says and means; the standard library only, no I/O."""
