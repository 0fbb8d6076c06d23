"""What a run costs by the catalogue's price methods."""
