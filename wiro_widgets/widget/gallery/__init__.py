"""The gallery: every run of the journal in a notebook cell."""
