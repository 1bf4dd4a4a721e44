"""Names that may become a path or an address, and paths that must stay in their folder.

A name that stoker turns into a file, a folder or a piece of a URL (recipe, model, alias) is plain
ASCII, so that it means the same on every file system and in every shell.  Names of the user's own
columns and files are not restricted this way: inside an artifact any printable Unicode path is
fine as long as it stays inside.

Cost: a regular expression; `inside` also resolves links, a few system calls.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from stoker.core.errors import ArtifactError, RecipeError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_MAX_PART_BYTES = 255
_MAX_PATH_BYTES = 1024


def check_name(name: str, what: str = "name") -> str:
    """The name itself, if it is safe as a file name and in a URL.

    Args:
        name: What the user wrote.
        what: What it names, for the message.

    Raises:
        RecipeError: If it is empty, longer than 128, starts with `.` or `-`, or holds anything but
            ASCII letters, digits, `.`, `_` and `-`.

    >>> check_name("digits-v2")
    'digits-v2'
    """
    if _NAME.fullmatch(name):
        return name
    raise RecipeError(
        f"{what} {short(name)} cannot be used",
        expected="1 to 128 of A-Z a-z 0-9 . _ - (not starting with . or -)",
    )


def check_fingerprint(fingerprint: str) -> str:
    """The fingerprint itself, if it is 64 lower-case hexadecimal digits.

    Raises:
        ArtifactError: If it is anything else; it is about to become the name of a folder.
    """
    if _FINGERPRINT.fullmatch(fingerprint):
        return fingerprint
    raise ArtifactError(
        f"{short(fingerprint)} is not a fingerprint", expected="64 digits of 0-9 a-f"
    )


def check_relative(path: str) -> str:
    """A relative POSIX path that stays below where it starts, whatever the links there.

    Raises:
        ArtifactError: If it is absolute, holds `..`, `.`, an empty part, a backslash, a control or
            unpaired surrogate character, or is too long for common file systems.

    >>> check_relative("train/年龄.bin")
    'train/年龄.bin'
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts) or not _printable(path):
        raise ArtifactError(
            f"{short(path)} is not a path inside an artifact",
            expected="a relative path without '..', '\\' or control characters",
        )
    lengths = [len(part.encode()) for part in parts]
    if max(lengths) > _MAX_PART_BYTES or sum(lengths) + len(parts) > _MAX_PATH_BYTES:
        raise ArtifactError(
            f"path {short(path)} is too long",
            expected=f"at most {_MAX_PART_BYTES} bytes a part, {_MAX_PATH_BYTES} in all",
        )
    return path


def inside(root: Path, relative: str) -> Path:
    """The path `root/relative` with links resolved, if that is still inside `root`.

    Raises:
        ArtifactError: If it leads out, by `..` or through a link.
    """
    base = root.resolve()
    found = (base / PurePosixPath(check_relative(relative))).resolve()
    if not found.is_relative_to(base):
        raise ArtifactError(f"{short(relative)} leads out of {root}")
    return found


def short(value: object, limit: int = 80) -> str:
    """The value as Python would write it, cut to `limit` characters, for one line of a message.

    >>> short("a" * 100, limit=10)
    "'aaaaaa..."
    """
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def listed(names: Iterable[object], most: int = 20) -> str:
    """Names in quotes and a row, and how many more there are.

    >>> listed(["age", "job", "town"], most=2)
    "'age', 'job' and 1 more"
    """
    quoted = [repr(name) for name in names]
    more = len(quoted) - most
    return ", ".join(quoted[:most]) + (f" and {more} more" if more > 0 else "")


def _printable(path: str) -> bool:
    return "\\" not in path and not any(unicodedata.category(c) in ("Cc", "Cs") for c in path)
