"""Files of text in folders: what each is, what beside them is none, and the text of plain ones.

What a file is, its contents say, whatever it is called: a PDF document, a page of HTML, or plain
text.  Markdown, LaTeX, letters and code are plain text and stay as they are written; only line ends
become those of Unix, which say nothing but where a text was typed.

A file that is called like a table, a picture, a film or an archive, and is no text, is left out,
and told; so are tables and settings (`.csv`, `.json`, `.yaml`), which are texts only by their form,
and READMEs and licences.  What is called like a text, or like nothing in particular, and is none
is a damaged record; Word files and the like too, for who keeps such has to hear that they are lost.

Cost: the beginning of each file, then the file; 10 ns a byte.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from stoker.cells.image_formats import why_refused
from stoker.core.errors import DataError, Place
from stoker.data.acquire._text import whole_text
from stoker.data.file_tree import MOST_BYTES, IsOther, first_bytes, read_content

Form = Literal["plain", "html", "pdf"]

TEXT_ENDINGS = (".txt", ".text", ".md", ".markdown", ".html", ".htm", ".xhtml", ".pdf")
"""What files of text are usually called, whether packed by gzip or not."""
_PAGE_ENDINGS = (".html", ".htm", ".xhtml")
_PAGE = re.compile(rb"(?i)(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)[\s>]")
_GZIP = b"\x1f\x8b"
_TABLES = frozenset(
    (
        *(".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".toml", ".ini", ".cfg"),
        *(".conf", ".xml", ".xmp", ".svg", ".md5", ".sha1", ".sha256", ".css", ".js"),
    )
)
"""Endings of files that are texts by their form alone."""
_OTHER_ENDINGS = frozenset(
    (
        *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".ico"),
        *(".mp3", ".wav", ".ogg", ".flac", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".woff"),
        *(".woff2", ".ttf", ".otf", ".xls", ".xlsx", ".ods", ".parquet", ".npy", ".npz", ".mat"),
        *(".pkl", ".db", ".sqlite", ".zip", ".tar", ".tgz", ".7z", ".rar", ".exe", ".lnk", ".pyc"),
        *(".part", ".tmp", ".bak"),
    )
)
"""Endings of files that are no texts if their contents are none either."""
_OTHER_STEMS = frozenset(("readme", "license", "licence", "copying"))
_OTHER_NAMES = _OTHER_STEMS | {"notice", "authors", "changelog", "makefile"}
_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript file"),
    (b"{\\rtf", "an RTF document"),
    (b"PK\x03\x04", "a ZIP archive, as Word, OpenDocument and EPUB files are"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a database"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_MOST_CONTROLS = 0.01
"""Share of control characters above which something is no text; old letters hold a few."""


def no_text(*, follow_links: bool) -> IsOther:
    """What tells that a file is plainly something else than a text."""

    def is_other(path: Path) -> bool:
        name = path.name.lower().removesuffix(".gz")
        stem, ending = Path(name).stem, Path(name).suffix
        if ending in _TABLES or stem in _OTHER_STEMS or name in _OTHER_NAMES:
            return first_bytes(path, follow_links=follow_links) is not None
        if ending not in _OTHER_ENDINGS:
            return False
        begin = first_bytes(path, follow_links=follow_links)
        return begin is not None and (b"\0" in begin or _stranger(begin) is not None or not begin)

    return is_other


def form_of(path: Path, *, follow_links: bool) -> Form:
    """What a file that was found sound is, from its first bytes and, of a page, its name."""
    begin = first_bytes(path, follow_links=follow_links) or b""
    if begin.startswith(_GZIP):
        begin = _begin_unpacked(begin)
    if begin.startswith(b"%PDF-"):
        return "pdf"
    named = path.name.lower().removesuffix(".gz").endswith(_PAGE_ENDINGS)
    return "html" if named or _PAGE.match(begin) else "plain"


def text_content(path: Path, *, follow_links: bool) -> bytes:
    """The bytes of a file, unpacked if it is gzip.

    Raises:
        DataError: If it cannot be read, is empty or too large, or damaged as a gzip file.
    """
    content, problem = read_content(path, follow_links=follow_links)
    if content.startswith(_GZIP):
        content, problem = _unpacked(content)
    if not problem and not content:
        problem = "is empty"
    if not problem and len(content) > MOST_BYTES:
        problem = f"has more than {MOST_BYTES:,} bytes"
    if problem:
        raise DataError(problem, place=Place(str(path)))
    return content


def plain_text(content: bytes, label: str, encodings: Sequence[str]) -> tuple[str, str]:
    r"""The text of a plain file, and its encoding.

    Raises:
        DataError: If it is no text, or in none of the encodings.

    >>> plain_text(b"\xef\xbb\xbfa\r\nb\n", "a.txt", ("utf-8",))
    ('a\nb\n', 'utf-8')
    """
    stranger = _stranger(content)
    is_wide = any(codecs.lookup(name).name.startswith(("utf-16", "utf-32")) for name in encodings)
    if stranger is None and not is_wide and _has_scattered_nuls(content):
        stranger = "no text: it holds NUL bytes"
    if stranger is not None:
        raise DataError(f"is {stranger}", expected="a text", place=Place(label))
    text, encoding = whole_text(content, label, encodings)
    num_controls = len(_CONTROL.findall(text))
    if num_controls > _MOST_CONTROLS * len(text) or "\0" in text:
        raise DataError(
            f"is no text: {num_controls:,} of {len(text):,} characters are control characters",
            expected="a text",
            place=Place(label),
        )
    if not text.strip():
        raise DataError("holds nothing but blanks", expected="a text", place=Place(label))
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _stranger(content: bytes) -> str | None:
    """What contents are that are no text; None if nothing tells."""
    if why_refused(content[:64]) is None and not content.startswith(b"BM"):
        return "a picture"
    return next((name for start, name in _STRANGERS if content.startswith(start)), None)


def _has_scattered_nuls(content: bytes) -> bool:
    """Whether NUL bytes stand at even and at odd places, which no UTF-16 text has."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in content:
        return False
    return b"\0" in content[::2] and b"\0" in content[1::2]


def _begin_unpacked(begin: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(begin)
    except zlib.error:
        return b""


def _unpacked(content: bytes) -> tuple[bytes, str | None]:
    try:
        with gzip.open(io.BytesIO(content)) as file:
            return cast(io.BufferedReader, file).read(MOST_BYTES + 1), None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return b"", f"is a damaged gzip file: {error}"
