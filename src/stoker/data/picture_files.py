"""Files of pictures in folders, and what beside them is none.

What a picture is, its contents say, whatever it is called.  Whether it is whole is found when it is
decoded (`clean: unreadable_media`, and the feature `image`).

A file whose name *and* first bytes are those of something else is left out, and told; what is
called like a picture, or like nothing in particular, and is none is a damaged record.
"""

from __future__ import annotations

from pathlib import Path

from stoker.cells.image_formats import why_refused
from stoker.data.file_tree import MOST_BYTES, IsOther, first_bytes, read_content

_OTHER_ENDINGS = frozenset(
    (
        *(".txt", ".md", ".rst", ".rtf", ".log", ".nfo", ".doc", ".docx", ".odt", ".pdf"),
        *(".csv", ".tsv", ".xls", ".xlsx", ".ods", ".json", ".jsonl", ".yaml", ".yml", ".toml"),
        *(".ini", ".cfg", ".conf", ".xml", ".xmp", ".aae", ".parquet", ".npy", ".npz", ".mat"),
        *(".pkl", ".db", ".sqlite", ".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".py", ".ipynb"),
        *(".sh", ".bat", ".exe", ".lnk", ".url", ".part", ".tmp", ".bak", ".mp3", ".wav", ".mp4"),
        *(".mov", ".avi", ".mkv", ".webm", ".md5", ".sha1", ".sha256"),
    )
)
"""Endings of files that are no pictures.  Formats of pictures that are not read are not among them
(TIFF, HEIC, raw files of cameras): who keeps such has pictures, and has to hear that they are lost.
"""
_OTHER_NAMES = frozenset(
    ("readme", "license", "licence", "copying", "notice", "authors", "changelog", "makefile")
)
"""Names without an ending of files that are no pictures."""


def no_picture(*, follow_links: bool) -> IsOther:
    """What tells that both the name of a file and its first bytes are those of no picture."""

    def is_other(path: Path) -> bool:
        if path.suffix.lower() not in _OTHER_ENDINGS and path.name.lower() not in _OTHER_NAMES:
            return False
        begin = first_bytes(path, follow_links=follow_links)
        return begin is not None and why_refused(begin) is not None

    return is_other


def read_picture(path: Path, *, follow_links: bool) -> tuple[bytes, str | None]:
    """The bytes of a file that was found sound, and why they are no picture if they are none."""
    content, problem = read_content(path, follow_links=follow_links)
    return content, problem or why_no_picture(content)


def why_no_picture(content: bytes) -> str | None:
    """Why the contents of a file cannot be a picture; None if they may be one.

    >>> why_no_picture(b"")
    'is empty'
    """
    if len(content) > MOST_BYTES:
        return f"has {len(content):,} bytes, more than {MOST_BYTES:,}"
    return why_refused(content)
