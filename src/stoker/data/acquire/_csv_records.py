r"""Cut CSV text into records, and tell good ones from bad ones with their line.

Two ways.  The fast one looks at whole blocks with numpy: where quotes stand, which line ends are
outside quotes, how many delimiters each record has.  It is exact when each quote opens at the
beginning of a field or closes at its end.  Where one does not, a small part of the block takes the
slow way, a regular expression field by field.  Both give clean text that any CSV reader understands
alike, and the same records wherever blocks and parts end.

One rule keeps a bad record from eating good ones: a quote that is never closed, or is followed by
text, costs the line on which its record begins, and reading goes on with the next line.

A quote inside an unquoted field (`5" pipe`) is a character like any other.  Blank lines are no
records.

Cost: some nanoseconds a byte on the fast way, about a microsecond a field on the slow one.

Source: RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from stoker.data.acquire._csv_reasons import byte_reason, count_reason, is_utf8

MOST_FIELD_BYTES = 1 << 20
"""Longest field, and so the farthest that an unclosed quote is followed."""

SLOW_BYTES = 32 << 10
"""Size of the parts into which a block is cut that is not fit for the fast way; most parts are."""

MOST_RECORD_BYTES = 16 << 20
"""Longest record."""

_LF, _CR, _QUOTE = 10, 13, 34
_LONE_CR = "has a carriage return in the middle of a line"
_TOO_LONG = "has a field of more than 1 MiB"


class BadRecord(NamedTuple):
    """A record that is left out."""

    line: int
    """Line on which it begins, from 1."""
    found: bytes
    """How it begins."""
    reason: str


@dataclass
class Piece:
    """Some records that stand one after the other."""

    text: bytes = b""
    """The good ones as clean CSV, each with its line end."""
    lines: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """Line on which each good one begins, int64, shape (num_good,)."""
    bad: list[BadRecord] = field(default_factory=list)
    num_lines: int = 0
    """How many lines all of them take."""


class Records:
    """The records of one file.

    Args:
        blocks: Its text as UTF-8.
        delimiter: One ASCII character.
        strip: Whether blanks around a field (and so before its quote) mean nothing.
        first_line: Number of the line on which the blocks begin.
    """

    def __init__(
        self, blocks: Iterator[bytes], delimiter: str, *, strip: bool, first_line: int = 1
    ) -> None:
        """Take the first block."""
        self._blocks = blocks
        self._delimiter = delimiter.encode()
        self._fields = _FieldReader(self._delimiter, strip=strip)
        self._rest = next(blocks, b"")
        self._line = first_line

    @property
    def cr_only(self) -> bool:
        """Whether the file has line ends of a kind that is out of use, CR alone."""
        return b"\r" in self._rest and b"\n" not in self._rest

    def first(self, *, take: bool) -> list[bytes] | BadRecord | None:
        """The fields of the first record that is not a blank line; None if there is none."""
        while self._rest[:1] in (b"\n", b"\r"):
            self._line += self._rest[:1] == b"\n"
            self._rest = self._rest[1:]
        if not self._rest:
            return None
        fields, end = self._fields.record(self._rest, 0, final=True)
        if isinstance(fields, str):
            return BadRecord(self._line, self._rest[:200], fields)
        if take:
            self._line += self._rest.count(b"\n", 0, end)
            self._rest = self._rest[end:]
        return fields

    def pieces(self, num_columns: int) -> Iterator[Piece]:
        """All further records; those without `num_columns` fields are bad."""
        final = False
        while not final:
            block = next(self._blocks, None)
            final = block is None
            text = self._rest + (block or b"\n")
            if final and not self._rest:
                return
            piece, used = self._cut(text, num_columns, final=final)
            self._line += piece.num_lines
            self._rest = text[used:]
            yield piece
            if len(self._rest) > MOST_RECORD_BYTES:
                yield self._skip_line()

    def _skip_line(self) -> Piece:
        """Leave out a line without end, holding no more than a block of it."""
        bad = BadRecord(self._line, self._rest[:200], "is longer than 16 MiB")
        while b"\n" not in self._rest:
            block = next(self._blocks, None)
            if block is None:
                self._rest = b""
                return Piece(bad=[bad])
            self._rest = block
        self._rest = self._rest.partition(b"\n")[2]
        self._line += 1
        return Piece(bad=[bad])

    def _cut(self, text: bytes, num_columns: int, *, final: bool) -> tuple[Piece, int]:
        piece, used = self._cut_at_once(text, self._line, num_columns, final=final)
        if piece is not None:
            return piece, used
        found: list[Piece] = []
        at, line, size = 0, self._line, SLOW_BYTES
        while at < len(text):
            end = text.find(b"\n", at + size) + 1 or len(text)
            last = final and end == len(text)
            part = text[at:end]
            piece, used = self._cut_at_once(part, line, num_columns, final=last)
            if piece is None:
                piece, used = self._fields.cut(part, line, num_columns, final=last)
            if not used and end == len(text):
                break
            size = SLOW_BYTES if used else 2 * size
            at, line = at + used, line + piece.num_lines
            found.append(piece)
        return _joined(found), at

    def _cut_at_once(
        self, text: bytes, line: int, num_columns: int, *, final: bool
    ) -> tuple[Piece | None, int]:
        """The fast way, or None where it cannot be taken."""
        layout = _Layout.of(text, self._delimiter)
        open_limit = 0 if final else MOST_FIELD_BYTES
        if layout is None or not layout.is_clear or layout.open_bytes > open_limit:
            return None, 0
        return layout.cut(line, num_columns)


def _joined(pieces: list[Piece]) -> Piece:
    return Piece(
        b"".join(piece.text for piece in pieces),
        np.concatenate([np.zeros(0, np.int64), *(piece.lines for piece in pieces)]),
        [record for piece in pieces for record in piece.bad],
        sum(piece.num_lines for piece in pieces),
    )


class _Layout:
    """Where the records and delimiters of a block are, found with numpy."""

    def __init__(
        self,
        text: bytes,
        newlines: np.ndarray,
        quotes: np.ndarray,
        is_inside_B: np.ndarray | None,
        delimiter: int,
    ) -> None:
        bytes_B = np.frombuffer(text, np.uint8)
        self._text = text
        self._delimiter = bytes([delimiter])
        self._newlines = newlines
        self._ends = _outside(newlines, is_inside_B)
        self.used = int(self._ends[-1]) + 1 if len(self._ends) else 0
        delimiters = np.flatnonzero(bytes_B[: self.used] == delimiter)
        through = np.searchsorted(_outside(delimiters, is_inside_B), self._ends)
        self._num_fields = np.diff(through, prepend=0) + 1
        self._starts = np.concatenate([[0], self._ends[:-1] + 1]) if self.used else self._ends
        self.open_bytes = len(text) - int(quotes[-1]) if len(quotes) % 2 else 0
        """How long a quote has been open at the end of the block; 0 if none is."""
        longest = int((self._ends - self._starts).max(initial=0))
        self.is_clear = not len(quotes) or longest <= MOST_FIELD_BYTES
        """Whether no quote may have swallowed other records."""

    @classmethod
    def of(cls, text: bytes, delimiter: bytes) -> _Layout | None:
        """The layout, or None if a quote or a return stands where only the slow way can read it."""
        bytes_B = np.frombuffer(text, np.uint8)
        quotes, is_inside_B = np.zeros(0, np.int64), None
        if b'"' in text:
            is_quote_B = bytes_B == _QUOTE
            quotes = np.flatnonzero(is_quote_B)
            is_inside_B = np.bitwise_xor.accumulate(is_quote_B)
            if not _well_placed(bytes_B, quotes, delimiter[0]):
                return None
        if len(_outside(_lone_returns(text, bytes_B), is_inside_B)):
            return None
        newlines = np.flatnonzero(bytes_B == _LF)
        return cls(text, newlines, quotes, is_inside_B, delimiter[0])

    def cut(self, first_line: int, num_columns: int) -> tuple[Piece, int]:
        """The records, and how many bytes they take."""
        lines = first_line + np.searchsorted(self._newlines, self._starts)
        reasons = self._reasons(num_columns)
        blank = self._blank()
        keep = ~blank
        keep[list(reasons)] = False
        bad = [
            BadRecord(int(lines[i]), self._record(i)[:200], reasons[i])
            for i in sorted(reasons)
            if not blank[i]
        ]
        num_lines = int(np.searchsorted(self._newlines, self.used))
        return Piece(self._kept(keep), lines[keep], bad, num_lines), self.used

    def _record(self, index: int) -> bytes:
        return self._text[self._starts[index] : self._ends[index]]

    def _blank(self) -> np.ndarray:
        lengths = self._ends - self._starts
        return (lengths == 0) | ((lengths == 1) & (self._bytes_at(self._starts) == _CR))

    def _bytes_at(self, positions: np.ndarray) -> np.ndarray:
        return np.frombuffer(self._text, np.uint8)[positions]

    def _reasons(self, num_columns: int) -> dict[int, str]:
        """Index and reason of each bad record."""
        wrong = np.flatnonzero(self._num_fields != num_columns)
        reasons = {int(i): count_reason(int(self._num_fields[i]), num_columns) for i in wrong}
        long = np.flatnonzero(self._ends - self._starts > MOST_FIELD_BYTES)
        suspects = {int(i) for i in long} | self._not_utf8()
        if b"\0" in self._text[: self.used]:
            nul = np.flatnonzero(np.frombuffer(self._text, np.uint8)[: self.used] == 0)
            suspects |= {int(i) for i in np.unique(np.searchsorted(self._ends, nul))}
        for index in suspects:
            reason = byte_reason(self._record(index))
            if reason:
                reasons[index] = reason
        reasons |= {int(i): _TOO_LONG for i in long if self._has_long_field(int(i))}
        return reasons

    def _has_long_field(self, index: int) -> bool:
        fields = self._record(index).split(self._delimiter)
        return max(map(len, fields)) > MOST_FIELD_BYTES

    def _not_utf8(self) -> set[int]:
        try:
            self._text[: self.used].decode()
        except UnicodeDecodeError:
            records = range(len(self._ends))
            return {i for i in records if not is_utf8(self._record(i))}
        return set()

    def _kept(self, keep: np.ndarray) -> bytes:
        if keep.all():
            return self._text[: self.used]
        edges = np.flatnonzero(np.diff(keep.astype(np.int8), prepend=0, append=0))
        runs = edges.reshape(-1, 2)
        return b"".join(
            self._text[self._starts[first] : self._ends[last - 1] + 1] for first, last in runs
        )


def _well_placed(bytes_B: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    """Whether quotes only open at the beginning of a field, close at its end, or are doubled."""
    may_stand = np.zeros(256, bool)
    may_stand[[delimiter, _LF, _QUOTE]] = True
    opening, closing = quotes[0::2], quotes[1::2]
    before = bytes_B[opening[opening > 0] - 1]
    if not may_stand[before].all():
        return False
    may_stand[_CR] = True
    after = bytes_B[closing[closing < len(bytes_B) - 1] + 1]
    return bool(may_stand[after].all())


def _outside(positions: np.ndarray, is_inside_B: np.ndarray | None) -> np.ndarray:
    """Those positions that are not inside quotes; None: there are no quotes."""
    return positions if is_inside_B is None else positions[~is_inside_B[positions]]


def _lone_returns(text: bytes, bytes_B: np.ndarray) -> np.ndarray:
    if b"\r" not in text:
        return np.zeros(0, np.int64)
    returns = np.flatnonzero(bytes_B[:-1] == _CR)
    return returns[bytes_B[returns + 1] != _LF]


class _FieldReader:
    """The slow way: a regular expression, field by field."""

    def __init__(self, delimiter: bytes, *, strip: bool) -> None:
        blanks = b" \t".replace(delimiter, b"")
        blank = b"[" + blanks + b"]*+" if strip else b""
        stop = b"(" + re.escape(delimiter) + rb"|\r?\n|\r?\Z)"
        self._quoted = re.compile(blank + rb'"([^"]*+(?:""[^"]*+)*+)"' + blank + stop, re.DOTALL)
        self._plain = re.compile(b"([^" + re.escape(delimiter) + rb"\r\n]*+)" + stop)
        self._opens = re.compile(blank + b'"')
        self._closed = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"(?!")', re.DOTALL)
        self._delimiter = delimiter

    def record(self, text: bytes, start: int, *, final: bool) -> tuple[list[bytes] | str, int]:
        """The fields of one record or why there are none, and where the next one begins.

        A beginning of -1 means that the record is not complete in this text.
        """
        fields: list[bytes] = []
        at = start
        while True:
            quoted = self._opens.match(text, at)
            found = (self._quoted if quoted else self._plain).match(text, at)
            if found is None or (quoted and found.end() - at > MOST_FIELD_BYTES):
                return self._broken(text, start, at, final=final)
            if found.end() == len(text) and found[2] in (b"", b"\r") and not final:
                return "", -1
            fields.append(found[1].replace(b'""', b'"') if quoted else found[1])
            at = found.end()
            if found[2] != self._delimiter:
                return fields, at

    def _broken(self, text: bytes, start: int, at: int, *, final: bool) -> tuple[str, int]:
        next_line = text.find(b"\n", start) + 1
        if not next_line:
            return ("", -1) if not final else (_LONE_CR, len(text))
        if not self._opens.match(text, at):
            return _LONE_CR, next_line
        closed = self._closed.match(text, text.index(b'"', at))
        end = closed.end() if closed else len(text)
        if end - at > MOST_FIELD_BYTES:
            return "opens a quote that is not closed within 1 MiB", next_line
        if end < len(text):
            return "has text behind a closing quote", next_line
        return ("opens a quote that is never closed", next_line) if final else ("", -1)

    def cut(
        self, text: bytes, first_line: int, num_columns: int, *, final: bool
    ) -> tuple[Piece, int]:
        """The records, and how many bytes they take."""
        kept: list[bytes] = []
        lines: list[int] = []
        bad: list[BadRecord] = []
        at, line = 0, first_line
        while at < len(text):
            fields, end = self.record(text, at, final=final)
            if end < 0:
                break
            if text[at:end] not in (b"\n", b"\r\n"):
                reason = self._reason(fields, num_columns)
                if reason:
                    bad.append(BadRecord(line, text[at : at + 200].partition(b"\n")[0], reason))
                else:
                    kept.append(self._clean(fields))
                    lines.append(line)
            line += text.count(b"\n", at, end)
            at = end
        return Piece(b"".join(kept), np.array(lines, np.int64), bad, line - first_line), at

    def _reason(self, fields: list[bytes] | str, num_columns: int) -> str | None:
        if isinstance(fields, str):
            return fields
        if max(map(len, fields)) > MOST_FIELD_BYTES:
            return _TOO_LONG
        reason = byte_reason(self._delimiter.join(fields))
        if reason is None and len(fields) != num_columns:
            reason = count_reason(len(fields), num_columns)
        return reason

    def _clean(self, fields: list[bytes] | str) -> bytes:
        assert not isinstance(fields, str)
        quoted = [b'"' + value.replace(b'"', b'""') + b'"' for value in fields]
        return self._delimiter.join(quoted) + b"\n"
