"""The cost of a run by the catalogue's price methods."""
