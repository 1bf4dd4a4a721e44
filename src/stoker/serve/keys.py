"""Access keys: read once, kept only as SHA-256, compared in constant time.

A key comes from the settings' `key_file` (one a line, so that an old and a new one can overlap) or
from the environment variable STOKER_SERVE_KEY.  A line may also be `sha256:` and 64 hexadecimal
digits, so that the file itself need not hold a secret.  A key that could be guessed is refused: at
least 128 bits, counted as 4 for each character of a hexadecimal key and 6 for any other.

Cost: one SHA-256 a request.  It does not scope or expire keys.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping

from stoker.core.errors import MachineError, RecipeError
from stoker.serve.serve_settings import ServeSettings

VARIABLE = "STOKER_SERVE_KEY"
_MIN_BITS = 128
_MIN_DISTINCT = 8
_HASHED = re.compile(r"sha256:([0-9a-f]{64})")
_MAKE_ONE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"


class Keys:
    """The keys a server accepts; none at all lets everybody in, which only loopback may do."""

    def __init__(self, digests: Iterable[bytes] = ()) -> None:
        """Keep the SHA-256 digests of the keys."""
        self.digests = tuple(digests)

    def __bool__(self) -> bool:
        """Whether a key is demanded."""
        return bool(self.digests)

    def accepts(self, key: bytes) -> bool:
        """Whether it is one of the keys; takes equally long for every wrong one.

        >>> Keys([hashlib.sha256(b"secret").digest()]).accepts(b"secret")
        True
        """
        digest = hashlib.sha256(key).digest()
        matches = [hmac.compare_digest(digest, known) for known in self.digests]
        return True in matches


def read_keys(settings: ServeSettings, environment: Mapping[str, str] = os.environ) -> Keys:
    """The keys of a server.

    Raises:
        RecipeError: If a key is too short to be safe, or the host can be reached by others and
            there is no key at all.
    """
    lines = [environment[VARIABLE]] if environment.get(VARIABLE) else []
    path = settings.key_path()
    if path is not None:
        lines += _read_lines(path.read_bytes(), str(path))
    digests = [_digest(line.strip(), number) for number, line in enumerate(lines, 1)]
    if not digests and not settings.is_local:
        raise RecipeError(
            f"host {settings.host} can be reached by others, and there is no key",
            expected=f"a key of at least {_MIN_BITS} bits in {VARIABLE} or in serve.key_file",
            fix=f"make one with {_MAKE_ONE}",
        )
    return Keys(digests)


def _read_lines(content: bytes, name: str) -> list[str]:
    if len(content) > 64 * 1024:
        raise RecipeError(f"{name} is too large for a key file", expected="at most 64 KiB")
    try:
        lines = [line for line in content.decode("ascii").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise RecipeError(
            f"{name} is not a key file", expected="ASCII text, a key a line"
        ) from None
    if not lines:
        raise MachineError(f"the key file {name} is empty", fix=f"make a key with {_MAKE_ONE}")
    return lines


def _digest(line: str, number: int) -> bytes:
    hashed = _HASHED.fullmatch(line)
    if hashed:
        return bytes.fromhex(hashed[1])
    bits = len(line) * (4 if re.fullmatch(r"[0-9a-fA-F]+", line) else 6)
    if bits < _MIN_BITS or len(set(line)) < _MIN_DISTINCT or not line.isascii():
        raise RecipeError(
            f"access key {number} is too easy to guess ({len(line)} characters)",
            expected=f"at least {_MIN_BITS} random bits",
            fix=f"make one with {_MAKE_ONE}",
        )
    return hashlib.sha256(line.encode()).digest()
