"""Text files as blocks of UTF-8, whatever they were written in.

UTF-8 is expected; a byte order mark is dropped, UTF-16 with a mark is recognised, any other
encoding must be named.  A file that is plainly not UTF-8 is refused with the likely encoding, for
a guess that is used in silence would turn names into nonsense; where nothing tells, with a word of
it as several encodings read it.

Bytes that the encoding does not know are passed on as bytes that are not UTF-8, so that the reader
of records finds them with their line, whichever the encoding was.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from stoker.core.errors import DataError, Place
from stoker.data.acquire._east_asian import (
    CHINESE,
    JAPANESE,
    JAPANESE_EUC,
    KOREAN,
    is_chinese,
    is_japanese,
    is_korean,
)
from stoker.data.acquire._files import BLOCK_BYTES, read_blocks
from stoker.data.acquire._western import CODE, is_western
from stoker.data.option_text import say_option

_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ESCAPES = (b"\x1b$B", b"\x1b$@")
"""What begins a Japanese text in bytes that ASCII has too."""
_ESCAPED = "iso2022_jp"
UNICODE = ("utf-8", "utf-16")
"""Encodings that are recognised where none is named."""
TOLD_ENCODINGS = (*UNICODE, CODE, JAPANESE, CHINESE, KOREAN, JAPANESE_EUC, _ESCAPED)
"""What `likely_encoding` can answer."""
_ASKED = (
    *(CODE, "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman", "cp850", "koi8_r"),
    *("cp1255", "cp1256", CHINESE, "big5", KOREAN, "cp932", JAPANESE_EUC),
)
"""Encodings to show where nothing tells which one it is."""
_UTF8 = codecs.getincrementaldecoder("utf-8")
_MOST_SHOWN = 7
_MOST_WORDS = 20
_WORDS = re.compile(rb"(?<![@-\xff])[@-\xff]{2,24}(?![@-\xff])")
"""Runs of letters and of what stands for half a sign in encodings of two bytes."""
_ASCII = frozenset(range(128))


def check_encoding(name: str) -> str:
    """The name, if Python knows such an encoding of text.

    Raises:
        ValueError: If it does not.
    """
    try:
        "a".encode(name)
    except LookupError:
        raise ValueError(f"unknown encoding {name!r}; try utf-8, gb18030 or latin-1") from None
    return name


def utf8_blocks(path: Path, label: str, encoding: str) -> Iterator[bytes]:
    """The text of a file as UTF-8, without a byte order mark.

    Raises:
        DataError: If the file is empty, or plainly not in `encoding`, which then should be utf-8.
    """
    blocks = read_blocks(path, label)
    first = next(blocks, b"")
    if not first:
        raise DataError("the file is empty", expected="some text", place=Place(label))
    if codecs.lookup(encoding).name == "utf-8":
        encoding = _MARKS.get(first[:2], encoding)
    whole = chain([first], blocks)
    if codecs.lookup(encoding).name == "utf-8":
        first = first.removeprefix(codecs.BOM_UTF8)
        _refuse_foreign(first, label)
        yield first
        yield from blocks
        return
    yield from _recoded(whole, encoding)


def likely_encoding(sample: bytes, label: str) -> str:
    """The encoding of the beginning of a text: UTF-8, or what its mark or its script tells.

    Raises:
        DataError: If it is plainly not UTF-8 and nothing tells what else.
    """
    if sample[:2] in _MARKS:
        return _MARKS[sample[:2]]
    try:
        _refuse_foreign(sample.removeprefix(codecs.BOM_UTF8), label)
    except DataError:
        found = _guess(sample)
        if found is None:
            raise
        return found
    return "utf-8"


def whole_text(content: bytes, label: str, encodings: Sequence[str]) -> tuple[str, str]:
    r"""The text of a whole file, and the first of some encodings that all of it is in.

    Args:
        content: The file; a byte order mark is dropped, and one of UTF-16 is known beside `utf-8`.
        label: Its name for messages.
        encodings: Those that it may be in.

    Raises:
        DataError: If it is in none of them, with what is wrong for the first.

    >>> whole_text("李".encode("gb18030"), "a.txt", ("utf-8", "gb18030"))
    ('李', 'gb18030')
    """
    problems: list[DataError] = []
    for encoding in encodings:
        try:
            return _strict(content, label, encoding)
        except DataError as error:
            problems.append(error)
    raise problems[0]


def _strict(content: bytes, label: str, encoding: str) -> tuple[str, str]:
    """The text in one encoding.

    Raises:
        DataError: If a byte of it is not.
    """
    if codecs.lookup(encoding).name == "utf-8":
        encoding = _MARKS.get(content[:2], encoding)
    if codecs.lookup(encoding).name == "utf-8":
        content = content.removeprefix(codecs.BOM_UTF8)
        _refuse_foreign(content[:BLOCK_BYTES], label)
    try:
        return content.decode(encoding).removeprefix("\ufeff"), encoding
    except UnicodeDecodeError as error:
        raise DataError(
            f"holds bytes that are no {encoding} text",
            expected=f"a text in {encoding} from its first byte to its last",
            place=Place(label, 1 + content.count(b"\n", 0, error.start)),
        ) from None


def _recoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("stoker_mark")
    for block in blocks:
        yield decoder.decode(block).removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def _mark(error: UnicodeError) -> tuple[str, int]:
    """A lone surrogate for what cannot be decoded: it becomes bytes that are not UTF-8."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udc80", error.end


codecs.register_error("stoker_mark", _mark)


def _refuse_foreign(sample: bytes, label: str) -> None:
    """Refuse a file in whose beginning more lines break UTF-8 than use it."""
    if sample.count(0) * 5 > len(sample):
        order = "le" if sample[1:2] == b"\0" else "be"
        fix = say_option("encoding", f"utf-16-{order}")
        raise _foreign(label, None, fix, "holds NUL bytes at every other place")
    if any(escape in sample for escape in _ESCAPES):
        line = 1 + sample[: sample.index(b"\x1b$")].count(b"\n")
        raise _foreign(
            label, line, say_option("encoding", _ESCAPED), "holds escapes of Japanese text"
        )
    if sample.isascii():
        return
    lines = sample.split(b"\n")[: -1 if b"\n" in sample else None]
    is_cut = b"\n" not in sample and len(sample) >= BLOCK_BYTES  # perhaps within a character
    foreign: list[int] = []
    num_sound = 0
    for line, text in enumerate(lines, 1):
        if text.isascii():
            continue
        try:
            _UTF8().decode(text, final=not is_cut)
            num_sound += 1
        except UnicodeDecodeError:
            foreign.append(line)
    if len(foreign) > num_sound:
        found = f"not UTF-8 text: {len(foreign):,} of the first {len(lines):,} lines are not"
        guess = _guess(sample)
        fix = say_option("encoding", guess) if guess else _readings(sample)
        raise _foreign(label, foreign[0], fix, found)


def _foreign(label: str, line: int | None, fix: str | None, found: str) -> DataError:
    return DataError(
        found,
        expected="UTF-8 text, or the option `encoding`",
        fix=fix,
        place=Place(label, line),
    )


def _guess(sample: bytes) -> str | None:
    """The encoding of a text that is not UTF-8, if its script or its words tell."""
    if any(escape in sample for escape in _ESCAPES):
        return _ESCAPED
    if is_western(sample):
        return CODE
    if is_japanese(sample, JAPANESE):
        return JAPANESE
    if is_chinese(sample):
        return CHINESE
    if is_korean(sample):
        return KOREAN
    return JAPANESE_EUC if is_japanese(sample, JAPANESE_EUC) else None


def _readings(sample: bytes) -> str | None:
    """How encodings read a word that has many bytes of its own; None if none can."""
    found = sorted(set(_WORDS.findall(sample)), key=lambda word: (-len(set(word) - _ASCII), word))
    readable = [code for code in _ASKED if _can_be(sample, code)]
    words: dict[str, str] = {}
    for word in found[:_MOST_WORDS]:
        read = {code: text for code in readable if (text := _read_word(word, code))}
        words = words or read
        if len(set(read.values())) > 1:
            words = read
            break
    if not words:
        return None
    first = {text: code for code, text in reversed(words.items())}
    shown = [f"{code} if a word is {text!r}" for code, text in words.items() if first[text] == code]
    return f"{say_option('encoding', 'X')}; X is {', '.join(shown[:_MOST_SHOWN])}"


def _can_be(sample: bytes, encoding: str) -> bool:
    """Whether a text can be in an encoding."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _read_word(word: bytes, encoding: str) -> str | None:
    """A word as an encoding reads it; None where it would be no word."""
    try:
        text = word.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if text.isalpha() else None
