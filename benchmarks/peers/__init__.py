"""The clients of others beside ours: each in a process of its own, against a stand-in of its own API on loopback."""
