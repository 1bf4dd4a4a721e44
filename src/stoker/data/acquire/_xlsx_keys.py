"""Keys in the metadata of a table that the child read of a sheet; the values are JSON.

Apart from `_xlsx_read`, which loads the library and runs in the child only.
"""

from __future__ import annotations

HEADER = b"header"
"""The names of the columns as written."""
MIXED = b"mixed"
"""Names of columns whose cells are of several kinds."""
MERGED = b"merged"
"""How many ranges of merged cells there are below the header."""
FORMULAS = b"formulas"
"""How many formulas without a result there are below the header, by column."""
SPELLED = b"spelled"
"""Texts that are missing by their spelling and how often, by column."""
