"""HTTP and WebSocket: routes, endpoints, files."""
