"""Floor 2: the network, and the one engine behind both clients."""
