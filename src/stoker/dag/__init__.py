"""The graph of a run: a stage is one file, what makes it stale, how it is executed."""
