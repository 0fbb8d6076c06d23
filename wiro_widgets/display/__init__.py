"""What is drawn again while it changes: in a notebook's cell, on a terminal's line, and how often."""
