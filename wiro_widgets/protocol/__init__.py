"""What Wiro says and means: requests, replies, events, states and records. Standard library only, no I/O."""
