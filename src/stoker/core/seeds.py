"""Seeds: every random choice gets its own, derived from the recipe's seed and the choice's name.

A choice is a pure function of (seed, names), so nothing depends on how often another part of the
program drew a number, and a resumed run repeats what the killed one did.
"""

from __future__ import annotations

import hashlib


def derive_seed(seed: int, *names: str | int) -> int:
    """A seed in [0, 2**63) for the choice that `names` describe.

    >>> derive_seed(0, "split") == derive_seed(0, "split")
    True
    >>> derive_seed(0, "epoch", 1) == derive_seed(0, "epoch", 2)
    False
    """
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
