"""Serve: HTTP, batcher and session in one process per worker."""
