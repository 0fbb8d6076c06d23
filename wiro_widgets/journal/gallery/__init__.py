"""What the gallery reads of the journal: an index to search in, and small pictures, both derived and bounded."""
