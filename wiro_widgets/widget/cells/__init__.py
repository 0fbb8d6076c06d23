"""Small widgets beside what a cell shows."""
