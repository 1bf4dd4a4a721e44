"""Why a record of CSV will not do, in words."""

from __future__ import annotations


def byte_reason(record: bytes) -> str | None:
    """Why the bytes of a record will not do, if they will not."""
    if b"\0" in record:
        return "holds a NUL byte"
    if not is_utf8(record):
        return "is not UTF-8 text; if the whole file is in another encoding, set `encoding`"
    return None


def is_utf8(record: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    try:
        record.decode()
    except UnicodeDecodeError:
        return False
    return True


def count_reason(num_found: int, num_expected: int) -> str:
    """Why a record with another number of fields will not do."""
    kind = "short" if num_found < num_expected else "long"
    return f"is too {kind}: {num_found} fields where {num_expected} are expected"
