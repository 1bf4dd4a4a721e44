"""One byte string for one value: canonical JSON and the fingerprints made from it.

Keys are sorted, there is no white space, text is UTF-8, and NaN or infinity is refused, so that
equal values always give equal bytes.  Costs one pass over the value.

Source: the rules follow RFC 8785 (JSON Canonicalization Scheme) except for the sort order of
characters outside the Basic Multilingual Plane, where Python's order of code points is used.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """The value as canonical JSON.

    Raises:
        ValueError: If it holds NaN or infinity, which JSON cannot say.

    >>> canonical_json({"b": 1, "a": [True, None, "é"]}).decode()
    '{"a":[true,null,"é"],"b":1}'
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def fingerprint(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(canonical_json(value)).hexdigest()
