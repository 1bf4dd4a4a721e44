"""The apostrophe before a text that a spreadsheet would run as a formula: set, and taken off again.

Whoever writes CSV for people sets it before texts that begin with `=`, `+`, `-`, `@`, a tab or a
carriage return; whoever reads CSV takes it off, so that a value has one spelling on both ways.  A
text that begins as a guarded one does gets an apostrophe more, and so every text comes back as it
was.

What is at worst a number needs no guard: digits behind a sign, with signs between them and a unit
(`-5,00 €`, `-3 km/h`) but without anything that calls, joins or names a cell, and a dash alone.

Cost: 0.1 µs a text with a sign or apostrophe first, 10 ns for any other.

Source: OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_FORMULA = r"^'*\s*[=+\-@\t\r]"
_GUARDED = r"^'('*\s*[=+\-@\t\r])"
_PLAIN = (
    r"^\s*([-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
    r"|[-+]\s*\p{Sc}?\s*[\d.,]+([\d.,'\x{2019}%°²³µ\pL\p{Sc}\p{Zs}]|\pL/\pL)*-?"
    r"|[-+]+)\s*$"
)
"""Numbers, also in people's forms, and dashes."""


def guarded(texts: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Texts with an apostrophe before each that a spreadsheet would take for a formula.

    >>> guarded(pa.array(["=1+1", "-5", "-5,00 €", "a=b", "@x", "'=1", None])).to_pylist()
    ["'=1+1", '-5', '-5,00 €', 'a=b', "'@x", "''=1", None]
    """
    is_formula = pc.match_substring_regex(texts, _FORMULA)
    if not pc.any(is_formula).as_py():
        return texts
    is_plain = pc.match_substring_regex(texts, _PLAIN)
    marked = pc.binary_join_element_wise("'", texts, "")
    return pc.if_else(pc.and_not(is_formula, is_plain), marked, texts)


def unguarded(texts: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """The texts as they were before `guarded`; the same object where none has a guard.

    >>> unguarded(pa.array(["'=1+1", "-5", "'a'", "''=1", "'", None])).to_pylist()
    ['=1+1', '-5', "'a'", "'=1", "'", None]
    """
    if not pc.any(pc.starts_with(texts, "'")).as_py():
        return texts
    return pc.replace_substring_regex(texts, _GUARDED, r"\1")
