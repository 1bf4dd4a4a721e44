"""The plan: what a run would do, whether it can, and about what it costs."""
