"""Floor 1: Python objects out of finished tasks and what is kept of them; no network here."""
