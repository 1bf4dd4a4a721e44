"""Keys are strong, hashed, and demanded wherever others can reach the server."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.core.errors import MachineError, RecipeError
from stoker.serve.keys import VARIABLE, Keys, read_keys
from stoker.serve.serve_settings import ServeSettings

STRONG = secrets.token_urlsafe(32)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_loopback_needs_no_key(host: str) -> None:
    assert not read_keys(ServeSettings(host=host), {})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "example.org", ""])  # noqa: S104 - that is the point
def test_another_host_refuses_to_start_without_a_key(host: str) -> None:
    with pytest.raises(RecipeError, match="no key"):
        read_keys(ServeSettings(host=host), {})
    assert read_keys(ServeSettings(host=host), {VARIABLE: STRONG})


@pytest.mark.parametrize(
    "weak", ["secret", "a" * 40, "0123456789abcdef", "password" * 2, "schlüsselschlüsselschlüssel"]
)
def test_a_weak_key_is_refused(weak: str) -> None:
    with pytest.raises(RecipeError, match="easy to guess"):
        read_keys(ServeSettings(), {VARIABLE: weak})


@settings(deadline=None)
@given(st.integers(16, 64))
def test_every_key_of_secrets_is_strong_enough(num_bytes: int) -> None:
    for key in (secrets.token_urlsafe(num_bytes), secrets.token_hex(max(num_bytes, 16))):
        assert read_keys(ServeSettings(), {VARIABLE: key}).accepts(key.encode())


def test_a_file_may_hold_several_keys_and_hashes(tmp_path: Path) -> None:
    old, new = secrets.token_hex(16), secrets.token_hex(16)
    hashed = hashlib.sha256(new.encode()).hexdigest()
    path = tmp_path / "钥匙"
    path.write_text(f"{old}\n\nsha256:{hashed}\n")
    keys = read_keys(ServeSettings(key_file=str(path)), {})
    assert keys.accepts(old.encode())
    assert keys.accepts(new.encode())
    assert not keys.accepts(hashed.encode())
    assert not keys.accepts(b"")


def test_a_key_file_that_is_missing_or_empty_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no key file"):
        read_keys(ServeSettings(key_file=str(tmp_path / "none")), {})
    (tmp_path / "empty").write_text("\n\n")
    with pytest.raises(MachineError, match="empty"):
        read_keys(ServeSettings(key_file=str(tmp_path / "empty")), {})
    (tmp_path / "binary").write_bytes(b"\xff\x00" * 40)
    with pytest.raises(RecipeError, match="not a key file"):
        read_keys(ServeSettings(key_file=str(tmp_path / "binary")), {})


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_nothing_but_the_key_is_accepted(guess: bytes) -> None:
    keys = Keys([hashlib.sha256(STRONG.encode()).digest()])
    assert keys.accepts(guess) == (guess == STRONG.encode())
