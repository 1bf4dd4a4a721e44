"""Texts for a bundle that gives vectors; the census bundle gives none, and has no such path."""

from __future__ import annotations

from stoker.testing import Ask

SOUND: list[Ask] = []
VECTORS = [Ask("POST", "/v1/embeddings", b'{"model": "near", "input": ["tea", "cup"]}')]
