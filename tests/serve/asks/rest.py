"""Rows of the census bundle, as objects and as a table."""

from __future__ import annotations

from stoker.testing import Ask

SOUND = [
    Ask("POST", "/predict", b'[{"age": 20, "\xe8\x81\x8c\xe4\xb8\x9a": "nurse"}]'),
    Ask("POST", "/predict", b"age,\xe8\x81\x8c\xe4\xb8\x9a\n20,nurse\n", "text/csv"),
]
