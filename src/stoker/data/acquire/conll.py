"""Read tagged texts, a token a line: the form of the CoNLL tasks, as most corpora of names have it.

    Anna    B-PER          王   B-PER
    lives   O              小   M-PER
    in      O              明   E-PER
    Bonn    B-LOC          。   O

The first field of a line is the token and the last its tag, with a tab or blanks between; a line
without anything ends a text, and `-DOCSTART-` lines are passed over.  Tags are BIO, BIOES, BILOU or
BMES, whichever a file has.  Tokens become a text, and tags a list of spans that count its
characters, `[{"start": 0, "end": 4, "label": "PER"}]`, for the task `tag`.

A text of which one line has no tag, or one that nobody can read, is a reject with that line.

Cost: 2 us a token.

Source: Tjong Kim Sang and De Meulder 2003, https://aclanthology.org/W03-0419; Ratinov and Roth
2009 (BILOU), https://aclanthology.org/W09-1119
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import pyarrow as pa

from stoker.core import events
from stoker.core.errors import DataError, Place
from stoker.data.acquire import Source, SourceColumn
from stoker.data.acquire._files import Paths, as_paths, find_files, read_blocks

if TYPE_CHECKING:
    from stoker.data.reading import Reading

_ROWS = 4_096
_LOOKED_TEXTS = 200
_MOST_TOKENS = 100_000
_TAG = re.compile(r"([BIESMLU])-(.+)")
_BEGINS, _ENDS = frozenset("BSU"), frozenset("ESLU")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class _Tagged(NamedTuple):
    """A text, or why there is none."""

    line: int
    """Where it begins, or what is wrong stands."""
    tokens: list[str]
    tags: list[str]
    problem: str = ""
    found: str = ""


class Conll(Source):
    """Texts with a token and its tag a line: BIO, BIOES, BILOU or BMES."""

    endings: ClassVar[tuple[str, ...]] = (".conll", ".bio", ".bmes", ".conll.gz")

    path: Paths
    """A file, a folder or a pattern with `*`; or several.  UTF-8, plain or gzip."""
    between: Literal["auto", "blank", "nothing"] = "auto"
    """What stands between tokens in the text; `auto`: nothing where most tokens are single Han
    characters, else a blank."""
    text_column: str = "text"
    """Name of the column of texts."""
    spans_column: str = "spans"
    """Name of the column of spans."""

    def paths(self) -> tuple[str, ...]:
        """The paths as written."""
        return as_paths(self.path)

    def files(self, project: Path, cache: Path) -> list[Path]:
        """The files."""
        return find_files(self.path, project, self.endings)

    def seen_columns(self, project: Path, cache: Path) -> tuple[SourceColumn, ...]:
        """Texts and spans."""
        names = (self.text_column, self.spans_column)
        return tuple(SourceColumn(name, type="string") for name in names)

    def read_rows(self, reading: Reading) -> Iterator[pa.Table]:
        """One row a text; `_line` is that of its first token.

        Raises:
            DataError: If a file cannot be read, or holds no line with a tag.
        """
        files = find_files(self.path, reading.project, self.endings)
        joint = self._joint(files[0], reading.label(files[0]))
        for path in files:
            yield from self._rows_of(path, joint, reading)

    def _joint(self, path: Path, label: str) -> str:
        """What stands between tokens."""
        if self.between != "auto":
            return " " if self.between == "blank" else ""
        some = [text for _, text in zip(range(_LOOKED_TEXTS), _texts(path, label), strict=False)]
        tokens = [token for text in some for token in text.tokens]
        alone = sum(len(token) == 1 and bool(_HAN.match(token)) for token in tokens)
        joint = "" if 2 * alone > len(tokens) else " "
        words = "a blank" if joint else "nothing, as most are single Han characters"
        events.message(f"{label}: between tokens stands {words}")
        return joint

    def _rows_of(self, path: Path, joint: str, reading: Reading) -> Iterator[pa.Table]:
        label = reading.label(path)
        rows: list[_Tagged] = []
        num_texts = 0
        for text in _texts(path, label):
            num_texts += bool(text.tags)
            if text.problem:
                reading.rejects.add(
                    source=label,
                    line=text.line,
                    column=None,
                    found=text.found,
                    reason=text.problem,
                    step="conll",
                )
                continue
            rows.append(text)
            if len(rows) == _ROWS:
                yield self._as_table(rows, joint, label)
                rows = []
        if not num_texts:
            raise DataError(
                "holds no line with a token and a tag",
                expected="lines such as 'Anna B-PER', and an empty line behind each text",
                place=Place(label),
            )
        if rows:
            yield self._as_table(rows, joint, label)

    def _as_table(self, rows: list[_Tagged], joint: str, label: str) -> pa.Table:
        spans = [json.dumps(spans_of(row, joint), ensure_ascii=False) for row in rows]
        return pa.table(
            {
                "_source": pa.repeat(label, len(rows)),
                "_line": pa.array([row.line for row in rows], pa.int64()),
                self.text_column: pa.array([joint.join(row.tokens) for row in rows], pa.string()),
                self.spans_column: pa.array(spans, pa.string()),
            }
        )


def spans_of(text: _Tagged, joint: str) -> list[dict[str, object]]:
    """The spans that tags mark, in characters of the joined tokens.

    >>> spans_of(_Tagged(1, ["New", "York", "!"], ["B-LOC", "I-LOC", "O"]), " ")
    [{'start': 0, 'end': 8, 'label': 'LOC'}]
    """
    found: list[dict[str, object]] = []
    place, is_open, label_before = 0, False, ""
    for token, tag in zip(text.tokens, text.tags, strict=True):
        known = _TAG.fullmatch(tag)
        end = place + len(token)
        if known:
            kind, label = known.groups()
            if is_open and kind not in _BEGINS and label == label_before:
                found[-1]["end"] = end
            else:
                found.append({"start": place, "end": end, "label": label})
            is_open, label_before = kind not in _ENDS, label
        else:
            is_open = False
        place = end + len(joint)
    return found


def _texts(path: Path, label: str) -> Iterator[_Tagged]:
    """Every text of a file, or why it is none."""
    text = _Tagged(0, [], [])
    for number, raw in enumerate(_lines(path, label), 1):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        fields = line.split()
        if not fields:
            if text.tags or text.problem:
                yield text
            text = _Tagged(0, [], [])
        elif fields[0] != b"-DOCSTART-" and not text.problem:
            text = _with(text, number, line, fields)
    if text.tags or text.problem:
        yield text


def _with(text: _Tagged, number: int, line: bytes, fields: list[bytes]) -> _Tagged:
    """A text with one more token, or what is wrong with its line."""
    shown = line.decode(errors="replace").strip()[:200]
    try:
        token, tag = fields[0].decode(), fields[-1].decode()
    except UnicodeDecodeError:
        return text._replace(line=number, problem="is not UTF-8 text", found=shown)
    if len(fields) < 2:
        return text._replace(line=number, problem="is a token without a tag", found=shown)
    if tag != "O" and not _TAG.fullmatch(tag):
        problem = f"has the tag {tag!r}, which is neither O nor a label behind B-, I-, E-, S- or M-"
        return text._replace(line=number, problem=problem, found=shown)
    if len(text.tags) == _MOST_TOKENS:
        problem = f"belongs to a text of more than {_MOST_TOKENS:,} tokens without an empty line"
        return text._replace(line=number, problem=problem, found=shown)
    text.tokens.append(token)
    text.tags.append(tag)
    return text if text.line else text._replace(line=number)


def _lines(path: Path, label: str) -> Iterator[bytes]:
    rest = b""
    for block in read_blocks(path, label):
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    if rest:
        yield rest
