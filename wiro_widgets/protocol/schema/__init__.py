"""What a model takes: its parameters, read from Wiro's catalogue or from OpenAPI."""
