"""A model's parameters, read from the catalogue or from OpenAPI, and values bound to them."""
