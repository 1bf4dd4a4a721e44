"""Protocols: how requests are written, each turned into rows and each answered in its own form."""
