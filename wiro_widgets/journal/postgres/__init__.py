"""A team's journal: the same rows in a PostgreSQL server, for many machines, with a file here for when it is away."""
